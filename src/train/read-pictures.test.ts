import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Dataset, Sample, Split } from "../data/dataset.ts";
import { readPictures } from "./read-pictures.node.ts";

const spillDir = mkdtempSync(join(tmpdir(), "vultus-read-"));
afterAll(() => rmSync(spillDir, { recursive: true }));

const picture = (label: number, split: Split): Sample => ({
  id: `${split}/${label}`,
  source: {
    kind: "pixels",
    picture: { width: 2, height: 1, channels: 1, pixels: Uint8Array.of(label, split.length) },
  },
  label,
  split,
});
const broken: Sample = {
  ...picture(0, "test"),
  id: "test/gone",
  source: { kind: "file", path: "no/such/file.png" },
};
const dataset: Dataset = {
  sources: [],
  classes: ["a", "b"],
  samples: [
    ...(["train", "validation", "test"] as const).flatMap((split) => [picture(0, split), picture(1, split)]),
    broken,
  ],
  leftOut: [],
  notes: [],
  fingerprint: "0",
};
test("training and validation images share the memory", async () => {
  const memoryBudget = 6;
  const { training, validation } = await readPictures(
    { ...dataset, samples: dataset.samples.slice(0, 4) },
    { seed: 0 },
    { memoryBudget, spillDir },
  );
  expect([training.bytesInMemory, validation.bytesInMemory]).toEqual([4, 2]);
  training.close();
  validation.close();
});

const options = { memoryBudget: 1e6, spillDir };

test("test images that cannot be read stop a training at its start, or are listed", async () => {
  await expect(readPictures(dataset, { seed: 0 }, options)).rejects.toThrow(
    /1 of 3 images .* cannot be read.*test\/gone/s,
  );
  const { unreadable } = await readPictures(dataset, { seed: 0 }, { ...options, allowUnreadable: true });
  expect(unreadable.map(({ id }) => id)).toEqual(["test/gone"]);
});
