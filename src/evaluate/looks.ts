/** Runs the explanation programs in batches: the answers and class maps of each image. */

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

/** Limits of one run: images, and pixels of their canvas. */
const MOST_PICTURES = 16;
const MOST_PIXELS = 4e6;

/** The view of a network: the centre of the image after its shorter side is resized to `inputSize · resize`. */
export interface Frame {
  /** Side of the view in pixels. */
  readonly inputSize: number;
  readonly resize: number;
  readonly channels: 1 | 3;
}

/** The selected images. */
export interface Chosen {
  readonly pixels: Pick<PixelCache, "shape" | "get">;
  readonly indices: readonly number[];
  /** Receives the number of finished images. */
  readonly onBatch?: (done: number) => void;
}

/** A network's answer for one image, with a map per class. */
export interface Look {
  /** One per class. */
  readonly probabilities: Float32Array;
  /** Per class, rows of `width` values at the resolution of the last feature map. */
  readonly maps: readonly Float32Array[];
  readonly width: number;
  /** Positions of the cells, in pixels of the network's view. */
  readonly grid: CellGrid;
}

/** Runs each chosen image through one network. */
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
      throw new VultusError(
        "the model returns NaN: its weights are corrupted; train again with a lower learning rate",
      );
    const { shape, data } = rowOf("maps");
    const [classes, height, width] = shape as [number, number, number];
    const maps = Array.from({ length: classes }, (_, k) =>
      data.slice(k * height * width, (k + 1) * height * width),
    );
    all.push({ probabilities, maps, width, grid });
  }
  return all;
}

/** Returns the part of each chosen image that lies in the frame. */
export async function seenPictures(engine: Engine, frame: Frame, chosen: Chosen): Promise<Picture[]> {
  const { inputSize: size, channels } = frame;
  const all: Picture[] = [];
  const compile = (canvas: Canvas, batch: number): Program => compileSeen(canvas, { batch, size, channels });
  for await (const rowOf of rows(engine, compile, frame, chosen))
    all.push(pictureOf(rowOf("seen").data, size));
  return all;
}

/** Returns one image's part of an output. */
type RowOf = (output: string) => { readonly shape: readonly number[]; readonly data: Float32Array };

/** Yields the outputs of a program image by image. */
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
      // The program's batch size is fixed, so a short last batch is padded with its first image.
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

/** Converts [C, S, S] in [0, 1] to rows of pixels. */
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
