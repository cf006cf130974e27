/**
 * Validation preprocessing: resizes the shorter side with antialiasing and crops the centre, as two matrix products
 * whose weights the graph computes. The filter is Pillow's bilinear one: a triangle as wide as the reduction factor.
 */

import type { Builder, Dim, Value } from "../graph/types.ts";
import { abs } from "../ops/abs.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { div } from "../ops/div.ts";
import { floor } from "../ops/floor.ts";
import { less } from "../ops/less.ts";
import { matmul, swapLast } from "../ops/matmul.ts";
import { max } from "../ops/max.ts";
import { min } from "../ops/min.ts";
import { mul } from "../ops/mul.ts";
import { range } from "../ops/range.ts";
import { reciprocal } from "../ops/reciprocal.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { extent } from "../ops/shape.ts";
import { sub } from "../ops/sub.ts";
import { UsageError } from "../util/errors.ts";
import { floatTensor, type Tensor } from "../util/tensor.ts";
import { type Canvas, canvasInput, type Extent, type Placed, placed } from "./canvas.ts";
import { normalise } from "./normalise.ts";

export interface ValidationOptions {
  readonly batch: Dim;
  readonly canvas: Canvas;
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Builds the transform. Its feeds are `pictures` and those of `packValidation`; its result is [N, C, S, S]. */
export function buildValidation(
  graph: Builder,
  { batch, canvas, size, mean, std }: ValidationOptions,
): Value {
  return graph.in("validation", () => {
    const x = canvasInput(graph, batch, canvas);
    const side = (name: string, extent: number): Side => {
      const fed = (key: string): Value => graph.input(`${name}.${key}`, "float32", [batch, 1, 1, 1]);
      const pixels = graph.constant(
        "float32",
        [extent],
        Float32Array.from({ length: extent }, (_, i) => i),
      );
      return { pixels, scale: fed("scale"), offset: fed("offset"), length: fed("length") };
    };
    const resized = resize(x, side("rows", canvas.height), side("columns", canvas.width), size);
    return normalise(resized, mean, std);
  });
}

/**
 * Like `buildValidation`, for images [N, C, H, W] whose size is known only at run time and is the same for a whole
 * batch.
 */
export function buildAnySize(
  x: Value,
  {
    size,
    resize: factor,
    mean,
    std,
  }: Omit<ValidationOptions, "batch" | "canvas"> & { readonly resize: number },
): Value {
  return x.graph.in("preprocess", () => {
    const target = resizedSide(size, factor);
    const [height, width] = [extent(x, 2), extent(x, 3)];
    const shorter = min(height, width);
    const side = (length: Value, name: string): Side => {
      const resized = floor(div(mul(length, target), shorter));
      const cut = sub(resized, size);
      const low = floor(mul(cut, 0.5));
      // n/2 rounded to even, as in `packValidation`: an odd n adds 1 to an odd ⌊n/2⌋.
      const odd = (n: Value): Value => sub(n, mul(floor(mul(n, 0.5)), 2));
      const offset = add(low, mul(odd(cut), odd(low)));
      return { pixels: range(length, name), scale: div(length, resized), offset, length };
    };
    const resized = resize(x, side(height, "H"), side(width, "W"), size);
    return normalise(resized, mean, std);
  });
}

/** One side of a resize. Per-image numbers have shape [N, 1, 1, 1]; shared ones are scalars. */
interface Side {
  /** 0, 1, … for every pixel of the canvas. */
  readonly pixels: Value;
  /** Source pixels per result pixel. */
  readonly scale: Value;
  /** Result pixels cropped away before the first. */
  readonly offset: Value;
  /** Length of the image in pixels. */
  readonly length: Value;
}

/** Resizes [N, C, H, W] to [N, C, size, size]. */
function resize(x: Value, rows: Side, columns: Side, size: number): Value {
  return matmul(matmul(weightsOf(rows, size), x), swapLast(weightsOf(columns, size)));
}

/** Returns the weights of the pixels for each of `size` results, [N, 1, size, pixels] or [size, pixels]. */
function weightsOf({ pixels, scale, offset, length }: Side, size: number): Value {
  const results = pixels.graph.constant(
    "float32",
    [size, 1],
    Float32Array.from({ length: size }, (_, i) => i + 0.5),
  );
  const centres = mul(add(results, offset), scale);
  const distance = mul(abs(sub(add(pixels, 0.5), centres)), reciprocal(max(scale, 1)));
  const inside = cast(less(pixels, length), "float32");
  const weights = mul(max(sub(1, distance), 0), inside);
  return div(weights, reduceSum(weights, [-1], true));
}

/**
 * Returns the numbers of each image as feeds. `resize`, at least 1, is the ratio of the resized shorter side to the
 * crop; torchvision usually has 256/224.
 */
export function packValidation(
  pictures: readonly Placed[],
  size: number,
  resize: number,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const [side, extent, start, filled] of [
    ["rows", "height", "top", "down"],
    ["columns", "width", "left", "across"],
  ] as const) {
    const numbers = pictures.map((picture) => {
      const { scale, offset } = centreCrop(picture, extent, size, resize);
      const { part } = picture;
      if (!part) return { scale, offset, length: picture[extent] };
      const reduced = part[filled] / part[extent];
      return { scale: scale * reduced, offset: offset - part[start] / scale, length: part[filled] };
    });
    for (const name of ["scale", "offset", "length"] as const) {
      const values = numbers.map((entry) => entry[name]);
      feeds[`${side}.${name}`] = floatTensor([pictures.length, 1, 1, 1], values);
    }
  }
  return feeds;
}

/**
 * Returns, along one side, the source pixels per result pixel of the resize, and the result pixels cropped away before
 * the first.
 */
function centreCrop(
  picture: Extent,
  side: keyof Extent,
  size: number,
  resize: number,
): { scale: number; offset: number } {
  const target = resizedSide(size, resize);
  const resized = Math.floor((target * picture[side]) / Math.min(picture.width, picture.height));
  return { scale: picture[side] / resized, offset: halfRoundedToEven(resized - size) };
}

/** Returns the image for the canvas; if it is too long for it, with the centre that validation sees. */
export function placedCentre<T extends Extent>(
  picture: T,
  canvas: Canvas,
  size: number,
  resize: number,
): T & Placed {
  return placed(picture, canvas, () => {
    const sides = (["width", "height"] as const).map((side) => {
      const { scale, offset } = centreCrop(picture, side, size, resize);
      const support = Math.max(scale, 1);
      return [offset * scale - support, (offset + size) * scale + support] as const;
    });
    const [[left, right], [top, bottom]] = sides as [readonly [number, number], readonly [number, number]];
    return { from: [left, top], to: [right, bottom] };
  });
}

/** Returns the shorter side in pixels after the resize, before the crop. */
function resizedSide(size: number, resize: number): number {
  const target = Math.round(size * resize);
  if (target < size)
    throw new UsageError(`resize is ${resize}; it must be at least 1, or the crop does not fit`);
  return target;
}

/** Rounds n/2 like Python, and so like torchvision's CenterCrop. */
function halfRoundedToEven(n: number): number {
  const low = Math.floor(n / 2);
  return n % 2 === 0 ? low : low + (low % 2);
}
