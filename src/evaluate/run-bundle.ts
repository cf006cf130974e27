/** Runs a bundle over images of any size, batching images of equal size. */

import type { Picture, PictureShape } from "../data/dataset.ts";
import { type PriorShift, shiftedOutputs } from "../metrics/prior.ts";
import type { BundleInput } from "../program/bundle.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import { floatTensor, type Tensor } from "../util/tensor.ts";

/** Limits of one run: images, and pixels, because a batch of large images needs memory in float32 too. */
const MOST_PICTURES = 64;
const MOST_PIXELS = 4e6;

export interface BundleOutputs {
  /** [N, classes], row after row. */
  readonly probabilities: Float32Array;
  readonly logits: Float32Array;
}

/** Images that may be on disk: their shapes are known without reading them. */
export interface Pictures {
  readonly count: number;
  shape(index: number): PictureShape;
  get(index: number): Picture;
}

/** Wraps images that are in memory. */
export function inMemory(pictures: readonly Picture[]): Pictures {
  const get = (index: number): Picture => pictures[index] as Picture;
  return { count: pictures.length, shape: get, get };
}

/** The parts of a bundle that running it needs. */
export interface RunnableBundle {
  readonly input: BundleInput;
  readonly architecture: { readonly classes: readonly string[] };
  readonly shift?: PriorShift | undefined;
}

/** Returns the bundle's answers for all images, in order. */
export async function runBundle(
  open: OpenProgram,
  { input, architecture, shift }: RunnableBundle,
  { count, shape, get }: Pictures,
  onBatch: (done: number) => void = () => {},
): Promise<BundleOutputs> {
  const bySize = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    const { width, height } = shape(i);
    const size = `${width} ${height}`;
    const same = bySize.get(size);
    if (same) same.push(i);
    else bySize.set(size, [i]);
  }
  const classes = architecture.classes.length;
  const outputs = {
    probabilities: new Float32Array(count * classes),
    logits: new Float32Array(count * classes),
  };
  let done = 0;
  for (const indices of bySize.values()) {
    const { width, height } = shape(indices[0] as number);
    const step = Math.min(MOST_PICTURES, Math.max(1, Math.floor(MOST_PIXELS / (width * height))));
    for (let start = 0; start < indices.length; start += step) {
      const batch = indices.slice(start, start + step);
      const results = await open.run({ pictures: bundleInput(batch.map(get), input) });
      for (const name of ["probabilities", "logits"] as const) {
        const rows = results[name]?.data as Float32Array;
        for (const [row, index] of batch.entries())
          outputs[name].set(rows.subarray(row * classes, (row + 1) * classes), index * classes);
      }
      done += batch.length;
      onBatch(done);
    }
  }
  return shift ? shiftedOutputs(outputs, shift) : outputs;
}

/** Packs images of one size as the bundle's input, always RGB: the channel of a grey image is repeated. */
export function bundleInput(pictures: readonly Picture[], input: BundleInput): Tensor {
  const { width, height } = pictures[0] as Picture;
  const bytes = new Uint8Array(pictures.length * height * width * 3);
  for (const [n, { pixels, channels }] of pictures.entries()) {
    const start = n * height * width * 3;
    if (channels === 3) bytes.set(pixels, start);
    else
      for (let i = 0, to = start; i < pixels.length; i++) {
        const value = pixels[i] as number;
        bytes[to++] = value;
        bytes[to++] = value;
        bytes[to++] = value;
      }
  }
  if (input === "uint8") return { dtype: "uint8", shape: [pictures.length, height, width, 3], data: bytes };
  const plane = height * width;
  const floats = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    floats[(Math.floor(pixel / plane) * 3 + channel) * plane + (pixel % plane)] = (bytes[i] as number) / 255;
  }
  return floatTensor([pictures.length, 3, height, width], floats);
}
