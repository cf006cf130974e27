/** Pooled backbone features of images: the input of a classifier's head. */

import { canvasOf } from "../data/canvas.ts";
import type { Pixels } from "../data/pixels.ts";
import { compileFeatures } from "../program/predict.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Classifier } from "../weights/classifier.ts";
import { collect, scoringBatch, validationFeeds } from "./score.ts";

/** Returns the features of all images, [N, width], row after row. Images are prepared as for validation. */
export async function featuresOf(
  engine: Engine,
  { architecture, weights }: Pick<Classifier, "architecture" | "weights">,
  pixels: Pixels,
  onBatch?: (done: number) => void,
): Promise<{ rows: Float32Array; width: number }> {
  const count = pixels.samples.length;
  const canvas = canvasOf(
    pixels.samples.map((_, i) => pixels.shape(i)),
    architecture.inputSize,
  );
  const program = compileFeatures(architecture, weights, canvas, { batch: scoringBatch(count) });
  const open = await engine.open(program);
  try {
    const feeds = (indices: readonly number[]) => validationFeeds(pixels, indices, canvas, architecture);
    return {
      rows: await collect(open, "features", count, feeds, onBatch),
      width: architecture.backbone.features,
    };
  } finally {
    await open.release();
  }
}
