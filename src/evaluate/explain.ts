/** Where a classifier looks: a heat map of every picture, as large as what the network sees. */

import { canvasOf } from "../data/canvas.ts";
import type { Picture } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { compileExplain, type ExplainMethod } from "../program/explain.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import { VultusError } from "../util/errors.ts";
import { temperatureOf } from "../weights/classifier-file.ts";
import type { Classifier } from "../weights/load.node.ts";
import { enlarged } from "./enlarge.ts";
import { validationFeeds } from "./score.ts";

/** Pictures in one run, and pixels of their canvas. */
const MOST_PICTURES = 16;
const MOST_PIXELS = 4e6;

export interface Explanation {
  /** [size, size], row after row: 1 where the picture speaks most for the class, 0 where it does not at all. */
  readonly map: Float32Array;
  /** The same as the last feature map has it, before it was enlarged: rows of `width` values. */
  readonly coarse: { readonly values: Float32Array; readonly width: number };
  /** Side of the map in pixels: the network's input size. */
  readonly size: number;
  /** What the network saw: [size, size], the centre of the resized picture, grey for a network that wants grey. */
  readonly seen: Picture;
  /** Index of the class that the map speaks for. */
  readonly target: number;
  readonly predicted: number;
  /** One per class. */
  readonly probabilities: Float32Array;
}

export interface ExplainPicturesOptions {
  readonly method: ExplainMethod;
  /** Index of the class to explain, the same for all or one per picture; the predicted one where it is left out. */
  readonly target?: number | ((index: number) => number | undefined);
  readonly onBatch?: (done: number) => void;
}

/**
 * Explains the pictures at `indices` of `pixels`, in this order. The map of the last feature map's resolution is
 * enlarged bilinearly to what the network sees and divided by its greatest value; where no place speaks for the class
 * it is 0 everywhere.
 */
export async function explainPictures(
  engine: Engine,
  classifier: Classifier,
  pixels: Pick<PixelCache, "shape" | "get">,
  indices: readonly number[],
  options: ExplainPicturesOptions,
): Promise<Explanation[]> {
  const all: Explanation[] = [];
  for await (const explanation of explanations(engine, classifier, pixels, indices, options))
    all.push(explanation);
  return all;
}

async function* explanations(
  engine: Engine,
  { architecture, weights, metadata, path }: Classifier,
  pixels: Pick<PixelCache, "shape" | "get">,
  indices: readonly number[],
  { method, target, onBatch }: ExplainPicturesOptions,
): AsyncGenerator<Explanation> {
  if (indices.length === 0) return;
  const canvas = canvasOf(
    indices.map((index) => pixels.shape(index)),
    architecture.inputSize,
  );
  const fitting = Math.max(1, Math.floor(MOST_PIXELS / (canvas.width * canvas.height)));
  const batch = Math.min(MOST_PICTURES, fitting, indices.length);
  const temperature = temperatureOf(metadata, path);
  const open = await engine.open(
    compileExplain({ architecture, weights, canvas, batch, method, temperature }),
  );
  try {
    for (let start = 0; start < indices.length; start += batch) {
      const chunk = indices.slice(start, start + batch);
      // The program's batch is fixed: a last, short one is filled up with its first picture.
      const full = Array.from({ length: batch }, (_, i) => (chunk[i] ?? chunk[0]) as number);
      const outputs = await open.run(validationFeeds(pixels, full, canvas, architecture));
      for (const [row, index] of chunk.entries()) {
        const asked = typeof target === "function" ? target(index) : target;
        yield explanation(outputs, row, architecture.inputSize, asked);
      }
      onBatch?.(start + chunk.length);
    }
  } finally {
    await open.release();
  }
}

/** Row `row` of what the program returned. */
function explanation(outputs: Tensors, row: number, size: number, asked: number | undefined): Explanation {
  const rowOf = (name: string): { shape: readonly number[]; data: Float32Array } => {
    const { shape, data } = outputs[name] as { shape: readonly number[]; data: Float32Array };
    const length = data.length / (shape[0] as number);
    return { shape: shape.slice(1), data: data.slice(row * length, (row + 1) * length) };
  };
  const probabilities = rowOf("probabilities").data;
  if (probabilities.some(Number.isNaN))
    throw new VultusError("the model answers NaN: its weights are damaged; train again with a lower rate");
  const predicted = probabilities.indexOf(Math.max(...probabilities));
  const target = asked ?? predicted;
  const { shape, data } = rowOf("maps");
  const [, height, width] = shape as [number, number, number];
  const values = data.slice(target * height * width, (target + 1) * height * width);
  return {
    map: heatMap(values, width, size),
    coarse: { values, width },
    size,
    seen: pictureOf(rowOf("seen").data, size),
    target,
    predicted,
    probabilities,
  };
}

/** A coarse map enlarged to `size` × `size` and divided by its greatest value, so that it lies in [0, 1]. */
export function heatMap(values: Float32Array, width: number, size: number): Float32Array {
  const map = enlarged(values, width, size);
  const greatest = map.reduce((most, value) => Math.max(most, value), 0);
  return greatest > 0 ? map.map((value) => value / greatest) : map;
}

/** [C, S, S] from 0 to 1 as rows of pixels. */
function pictureOf(planes: Float32Array, size: number): Picture {
  const plane = size * size;
  const channels = planes.length === plane ? 1 : 3;
  const pixels = new Uint8Array(planes.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++)
      pixels[i * channels + c] = Math.round(255 * (planes[c * plane + i] as number));
  }
  return { pixels, width: size, height: size, channels };
}
