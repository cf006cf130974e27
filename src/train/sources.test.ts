import { expect, test } from "vitest";
import { noAugmentation } from "../augment/settings.ts";
import type { Sample } from "../data/dataset.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import { floatTensor } from "../util/tensor.ts";
import { type FeatureProgress, featureSource } from "./sources.ts";

const canvas = { width: 4, height: 4, channels: 1 } as const;
const size = canvas.width * canvas.height;
const COUNT = 5;

/** Each image has a single grey level and its own class. */
const samples = Array.from({ length: COUNT }, (_, i): Sample => {
  const picture = { ...canvas, pixels: new Uint8Array(size).fill(10 * i) };
  return { id: String(i), source: { kind: "pixels", picture }, label: i, split: "train" };
});

test("features are computed once per view, a short last batch too, and their rows belong to their targets", async () => {
  let runs = 0;
  /** Returns the mean of each image and the number of the run. */
  const backbone: Pick<OpenProgram, "run"> = {
    async run({ pictures }) {
      const pixels = pictures?.data as Uint8Array;
      const means = [0, 1].map(
        (row) => pixels.subarray(row * size, (row + 1) * size).reduce((sum, value) => sum + value, 0) / size,
      );
      expect(pixels).toHaveLength(2 * size);
      const data = means.flatMap((mean) => [mean, runs]);
      runs++;
      return { features: floatTensor([2, 2], data) };
    },
  };
  const progress: FeatureProgress[] = [];
  const source = featureSource({
    pixels: await loadPixels(samples, { memoryBudget: 1e6, spillDir: "never made" }),
    targets: "shares",
    classes: COUNT,
    canvas,
    augmentation: noAugmentation,
    inputSize: 4,
    sampler: "shuffle",
    seed: 0,
    phase: "head",
    batchSize: COUNT,
    views: 2,
    backbone: backbone as OpenProgram,
    featureBatch: 2,
    features: 2,
    onBatch: async (done) => void progress.push(done),
    signal: new AbortController().signal,
  });
  expect(source.batchesPerEpoch).toBe(1);
  for (const epoch of [0, 1, 2, 3]) {
    await source.prepare(epoch);
    const { features, targets } = source.feeds(epoch, 0);
    const rows = targets?.data as Float32Array;
    const labels = samples.map((_, row) => rows.subarray(row * COUNT, (row + 1) * COUNT).indexOf(1));
    expect(new Set(labels)).toEqual(new Set([0, 1, 2, 3, 4]));
    // Three batches make a view: images 0 and 1, 2 and 3, and 4 alone.
    const expected = labels.flatMap((label) => [10 * label, 3 * (epoch % 2) + Math.floor(label / 2)]);
    expect(features).toEqual(floatTensor([COUNT, 2], expected));
  }
  expect(runs).toBe(6);
  expect(progress).toEqual([0, 1].flatMap((view) => [2, 4, 5].map((done) => ({ view, done, total: COUNT }))));
});
