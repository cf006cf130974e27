/**
 * The validation pictures: the shorter side resized with antialiasing, the centre cropped, as two matrix products whose
 * weights the graph computes. The filter is Pillow's bilinear one: a triangle as wide as the reduction.
 */

import type { Graph } from "../graph/graph.ts";
import type { Dim, Value } from "../graph/types.ts";
import { abs } from "../ops/abs.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { div } from "../ops/div.ts";
import { less } from "../ops/less.ts";
import { matmul } from "../ops/matmul.ts";
import { max } from "../ops/max.ts";
import { mul } from "../ops/mul.ts";
import { reciprocal } from "../ops/reciprocal.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { sub } from "../ops/sub.ts";
import { UsageError } from "../util/errors.ts";
import { floatTensor, type Tensor } from "../util/tensor.ts";
import { type Canvas, canvasInput, type Extent } from "./canvas.ts";
import { normalise } from "./normalise.ts";

export interface ValidationOptions {
  readonly batch: Dim;
  readonly canvas: Canvas;
  readonly size: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Builds the transform; its feeds are `pictures` and those of `packValidation`. The result is [N, C, S, S]. */
export function buildValidation(graph: Graph, { batch, canvas, size, mean, std }: ValidationOptions): Value {
  return graph.in("validation", () => {
    const x = canvasInput(graph, batch, canvas);
    const rows = resizing(graph, "rows", batch, { axis: 3, extent: canvas.height, size });
    const columns = resizing(graph, "columns", batch, { axis: 2, extent: canvas.width, size });
    // [N, 1, S, H] · [N, C, H, W] · [N, 1, W, S]
    return normalise(matmul(matmul(rows, x), columns), mean, std);
  });
}

/**
 * Weights by which the pixels along `axis` of [N, 1, …] add up to each of `size` results along the other axis. Fed per
 * picture: scale (pixels per result), offset (results cropped away before the first) and length (pixels).
 */
function resizing(
  graph: Graph,
  side: string,
  batch: Dim,
  { axis, extent, size }: { readonly axis: 2 | 3; readonly extent: number; readonly size: number },
): Value {
  const fed = (name: string): Value => graph.input(`${side}.${name}`, "float32", [batch, 1, 1, 1]);
  const [scale, offset, length] = [fed("scale"), fed("offset"), fed("length")];
  const centres = (along: 2 | 3, count: number): Value => {
    const shape = along === 2 ? [1, 1, count, 1] : [1, 1, 1, count];
    return graph.constant(
      "float32",
      shape,
      Float32Array.from({ length: count }, (_, i) => i + 0.5),
    );
  };
  const pixels = centres(axis, extent);
  const results = mul(add(centres(axis === 2 ? 3 : 2, size), offset), scale);
  const distance = mul(abs(sub(pixels, results)), reciprocal(max(scale, 1)));
  const inside = cast(less(pixels, length), "float32");
  const weights = mul(max(sub(1, distance), 0), inside);
  return div(weights, reduceSum(weights, [axis], true));
}

/**
 * The numbers of each picture as feeds. `resize`, at least 1, is how much longer than the crop the shorter side becomes;
 * 256/224 is torchvision's usual choice.
 */
export function packValidation(
  pictures: readonly Extent[],
  size: number,
  resize: number,
): Record<string, Tensor> {
  const target = Math.round(size * resize);
  if (target < size)
    throw new UsageError(`resize is ${resize}; it must be at least 1, or the crop does not fit`);
  const feeds: Record<string, Tensor> = {};
  for (const [side, extent] of [
    ["rows", "height"],
    ["columns", "width"],
  ] as const) {
    const numbers = pictures.map((picture) => {
      const length = picture[extent];
      const resized = Math.floor((target * length) / Math.min(picture.width, picture.height));
      return { scale: length / resized, offset: halfRoundedToEven(resized - size), length };
    });
    for (const name of ["scale", "offset", "length"] as const) {
      const values = numbers.map((entry) => entry[name]);
      feeds[`${side}.${name}`] = floatTensor([pictures.length, 1, 1, 1], values);
    }
  }
  return feeds;
}

/** n/2 as Python rounds it, and so torchvision's CenterCrop. */
function halfRoundedToEven(n: number): number {
  const low = Math.floor(n / 2);
  return n % 2 === 0 ? low : low + (low % 2);
}
