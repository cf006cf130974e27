/** Runs a classifier over images and collects its logits, from which every figure of an evaluation is computed. */

import type { Canvas } from "../augment/canvas.ts";
import { packValidation, placedCentre } from "../augment/validation.ts";
import { packPictures } from "../data/canvas.ts";
import type { Pixels } from "../data/pixels.ts";
import type { Architecture } from "../models/classifier.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";

/** Batch size for `count` images, for programs compiled for a fixed batch size. */
export function scoringBatch(count: number): number {
  return Math.min(64, count);
}

/** Returns the feeds of a prediction for the images at `indices`, prepared as for validation. */
export function validationFeeds(
  pixels: Pick<Pixels, "get">,
  indices: readonly number[],
  canvas: Canvas,
  { inputSize: size, resize }: Pick<Architecture, "inputSize" | "resize">,
): Tensors {
  const pictures = indices.map((index) => placedCentre(pixels.get(index), canvas, size, resize));
  return { pictures: packPictures(pictures, canvas), ...packValidation(pictures, size, resize) };
}

/** Returns one output of a program for all images, row after row. The last batch is padded with the last image. */
export async function collect(
  program: OpenProgram,
  output: string,
  count: number,
  feeds: (indices: readonly number[]) => Tensors,
  onBatch: (done: number) => void = () => {},
): Promise<Float32Array> {
  let all: Float32Array | undefined;
  const batch = scoringBatch(count);
  for (let start = 0; start < count; start += batch) {
    const indices = Array.from({ length: batch }, (_, i) => Math.min(start + i, count - 1));
    const rows = (await program.run(feeds(indices)))[output]?.data as Float32Array;
    const [width, wanted] = [rows.length / batch, Math.min(batch, count - start)];
    all ??= new Float32Array(width * count);
    all.set(rows.subarray(0, width * wanted), width * start);
    onBatch(start + wanted);
  }
  return all ?? new Float32Array(0);
}

/** Returns the mean cross-entropy and the accuracy of logits [N, C]. */
export function lossAndAccuracy(
  logits: Float32Array,
  labels: readonly number[],
  classes: number,
): { loss: number; accuracy: number } {
  let [loss, correct] = [0, 0];
  for (const [row, label] of labels.entries()) {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const top = Math.max(...values);
    const total = values.reduce((sum, v) => sum + Math.exp(v - top), 0);
    loss += Math.log(total) + top - (values[label] as number);
    if (values.indexOf(top) === label) correct++;
  }
  return { loss: loss / labels.length, accuracy: correct / labels.length };
}
