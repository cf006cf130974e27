import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { drawFace } from "../data/synthetic.ts";
import { shippedModel } from "../weights/shipped.node.ts";
import { defaultFolder, exportModel } from "./export.ts";

const run = mkdtempSync(join(tmpdir(), "vultus-export-"));
afterAll(() => rmSync(run, { recursive: true }));

test("an export lies in its run, beside its file, or in the working folder for a model that ships", () => {
  expect(defaultFolder(run)).toBe(join(run, "export"));
  expect(defaultFolder(join(run, "best.onnx"))).toBe(join(run, "export"));
  expect(defaultFolder("vultus_s")).toBe("export");
  // A loaded model is identified by its file, which is part of the package.
  expect(defaultFolder(shippedModel())).toBe("export");
});

test.each(["train", "validation"])(
  "int8 is calibrated on one half of a single split, %s, and checked on the other",
  { timeout: 60_000 },
  async (split) => {
    const data = join(run, split);
    for (const label of ["happy", "sad"] as const) {
      const images = join(data, split, label);
      mkdirSync(images, { recursive: true });
      for (let i = 0; i < 4; i++) {
        const { pixels, width, height, channels } = drawFace(label, "export", i);
        const raw = { width, height, channels };
        await sharp(pixels, { raw })
          .png()
          .toFile(join(images, `${i}.png`));
      }
    }
    const options = { device: "cpu", threads: 1, onEvent: () => {} } as const;
    const out = join(run, `${split} out`);
    const { files } = await exportModel({ model: "vultus_s", to: "int8", data, out, ...options });
    expect(files.map(({ form, pictures }) => [form, pictures])).toEqual([["int8", 4]]);
  },
);
