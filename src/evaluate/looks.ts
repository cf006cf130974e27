/** What networks say of images and why, image by image: the programs of an explanation, run in batches. */

import type { Canvas } from "../augment/canvas.ts";
import { canvasOf } from "../data/canvas.ts";
import type { Picture } from "../data/dataset.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { type CellGrid, cellGrid } from "../models/receptive-field.ts";
import { compileExplain, compileSeen, type ExplainMethod } from "../program/explain.ts";
import type { Program } from "../program/program.ts";
import type { Engine } from "../runtime/engine.ts";
import { VultusError } from "../util/errors.ts";
import type { Member } from "../weights/members.ts";
import { validationFeeds } from "./score.ts";

/** Images in one run, and pixels of their canvas. */
const MOST_PICTURES = 16;
const MOST_PIXELS = 4e6;

/** The part of an image that is seen: after its shorter side is resized to `inputSize · resize`, the centre. */
export interface Frame {
  /** Side of the centre in pixels. */
  readonly inputSize: number;
  readonly resize: number;
  readonly channels: 1 | 3;
}

/** Which of the images are looked at. */
export interface Chosen {
  readonly pixels: Pick<PixelCache, "shape" | "get">;
  readonly indices: readonly number[];
  /** Hears how many are done. */
  readonly onBatch?: (done: number) => void;
}

/** What a network says of one image, with a map for every class. */
export interface Look {
  /** One per class. */
  readonly probabilities: Float32Array;
  /** Per class, rows of `width` values of the last feature map. */
  readonly maps: readonly Float32Array[];
  readonly width: number;
  /** Where their cells lie, in pixels of what the network sees. */
  readonly grid: CellGrid;
}

/** Each chosen image through one network. */
export async function looksAt(
  engine: Engine,
  { architecture, weights, temperature, offset }: Omit<Member, "name" | "weight" | "metadata" | "path">,
  method: ExplainMethod,
  chosen: Chosen,
): Promise<Look[]> {
  const all: Look[] = [];
  const grid = cellGrid(architecture.backbone, architecture.inputSize);
  const compile = (canvas: Canvas, batch: number): Program =>
    compileExplain({ architecture, weights, canvas, batch, method, temperature, ...(offset && { offset }) });
  for await (const rowOf of rows(engine, compile, architecture, chosen)) {
    const probabilities = rowOf("probabilities").data;
    if (probabilities.some(Number.isNaN))
      throw new VultusError("the model answers NaN: its weights are damaged; train again with a lower rate");
    const { shape, data } = rowOf("maps");
    const [classes, height, width] = shape as [number, number, number];
    const maps = Array.from({ length: classes }, (_, k) =>
      data.slice(k * height * width, (k + 1) * height * width),
    );
    all.push({ probabilities, maps, width, grid });
  }
  return all;
}

/** The part of each chosen image that lies in the frame. */
export async function seenPictures(engine: Engine, frame: Frame, chosen: Chosen): Promise<Picture[]> {
  const { inputSize: size, channels } = frame;
  const all: Picture[] = [];
  const compile = (canvas: Canvas, batch: number): Program => compileSeen(canvas, { batch, size, channels });
  for await (const rowOf of rows(engine, compile, frame, chosen))
    all.push(pictureOf(rowOf("seen").data, size));
  return all;
}

/** One image's part of an output. */
type RowOf = (output: string) => { readonly shape: readonly number[]; readonly data: Float32Array };

/** The outputs of a program for one image after the other. */
async function* rows(
  engine: Engine,
  compile: (canvas: Canvas, batch: number) => Program,
  frame: Pick<Frame, "inputSize" | "resize">,
  { pixels, indices, onBatch }: Chosen,
): AsyncGenerator<RowOf> {
  const canvas = canvasOf(
    indices.map((index) => pixels.shape(index)),
    frame.inputSize,
  );
  const fitting = Math.max(1, Math.floor(MOST_PIXELS / (canvas.width * canvas.height)));
  const batch = Math.min(MOST_PICTURES, fitting, indices.length);
  const open = await engine.open(compile(canvas, batch));
  try {
    for (let start = 0; start < indices.length; start += batch) {
      const chunk = indices.slice(start, start + batch);
      // The program's batch is fixed: a last, short one is filled up with its first image.
      const full = Array.from({ length: batch }, (_, i) => (chunk[i] ?? chunk[0]) as number);
      const outputs = await open.run(validationFeeds(pixels, full, canvas, frame));
      for (const row of chunk.keys()) {
        yield (name) => {
          const { shape, data } = outputs[name] as { shape: readonly number[]; data: Float32Array };
          const length = data.length / (shape[0] as number);
          return { shape: shape.slice(1), data: data.slice(row * length, (row + 1) * length) };
        };
      }
      onBatch?.(start + chunk.length);
    }
  } finally {
    await open.release();
  }
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
