/**
 * The tiny face detector of face-api.js as a graph of ours: five depthwise separable convolutions after a plain one, then
 * five boxes for every cell of 32 × 32 pixels, decoded as in YOLO 2 (Redmon and Farhadi 2016, equation 3).
 */

import { Graph } from "../graph/graph.ts";
import type { Dim, Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { concat, slice } from "../ops/concat.ts";
import { conv } from "../ops/conv.ts";
import { div } from "../ops/div.ts";
import { exp } from "../ops/exp.ts";
import { leakyRelu } from "../ops/leaky-relu.ts";
import { maxPool } from "../ops/max-pool.ts";
import { mul } from "../ops/mul.ts";
import { range } from "../ops/range.ts";
import { reshape } from "../ops/reshape.ts";
import { extent } from "../ops/shape.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { sub } from "../ops/sub.ts";
import { transpose } from "../ops/transpose.ts";
import { finish } from "../program/finish.ts";
import type { Program } from "../program/program.ts";
import { depthwiseFilters, filters, type QuantizedTensor, weightsOf } from "./tensorflow-weights.ts";

/** Width and height of the five prior boxes, in cells (face-api.js, `src/tinyFaceDetector/const.ts`). */
const anchors = [
  [1.603231, 2.094468],
  [6.041143, 7.080126],
  [2.882459, 3.518061],
  [4.266906, 5.178857],
  [9.041765, 10.66308],
] as const;
/** Grey levels of red, green and blue that are taken off. */
const meanRgb = [117.001, 114.697, 97.404];
/** Slope of the activation below 0. */
const leak = 0.1;
const separable = ["conv1", "conv2", "conv3", "conv4", "conv5"];

/**
 * Takes `pictures` uint8 [1, H, W, 3], RGB, whose sides are multiples of 32, and gives `boxes` [M, 4], the left, upper, right
 * and lower border in pixels of the input, and `scores` [M] from 0 to 1: five boxes a cell, most of them of nothing.
 */
export function compileFaceDetector(
  weights: ReadonlyMap<string, QuantizedTensor>,
  metadata: Readonly<Record<string, string>>,
): Program {
  const graph = new Graph();
  const weight = weightsOf(graph, weights, "the face detector");
  const pictures = graph.input("pictures", "uint8", [1, "H", "W", 3]);
  const mean = graph.constant("float32", [3, 1, 1], Float32Array.from(meanRgb));
  const normalised = mul(sub(cast(transpose(pictures, [0, 3, 1, 2]), "float32"), mean), 1 / 255);
  let x = leakyRelu(conv(normalised, filters(weight("conv0/filters")), weight("conv0/bias"), 1, 0), leak);
  for (const layer of separable) {
    x = graph.in(layer, () => {
      const pooled = maxPool(x, 2, 2, 0, true);
      const depthwise = depthwiseFilters(weight(`${layer}/depthwise_filter`));
      const channels = depthwise.shape[0] as number;
      const spatial = conv(pooled, depthwise, undefined, 1, 1, channels);
      return leakyRelu(
        conv(spatial, filters(weight(`${layer}/pointwise_filter`)), weight(`${layer}/bias`), 1, 0),
        leak,
      );
    });
  }
  x = maxPool(x, 2, 1, 0, false, 1);
  return finish(graph, "face detector", decode(pictures, predictions(x, weight)), metadata);
}

/** The last layer, its channels sorted by what they say: [1, 5 · anchors, rows, columns]. */
function predictions(x: Value, weight: (name: string) => Value): Value {
  const [count, fields] = [anchors.length, 5];
  const inside = x.shape[1] as number;
  const byField = (w: Value, shape: readonly number[]): Value => reshape(transpose(w, [1, 0, 2]), shape);
  const w = byField(reshape(transpose(weight("conv8/filters"), [3, 2, 0, 1]), [count, fields, inside]), [
    count * fields,
    inside,
    1,
    1,
  ]);
  const bias = byField(reshape(weight("conv8/bias"), [count, fields, 1]), [count * fields]);
  return conv(x, w, bias, 1, 0);
}

/** A box is its centre within the cell, by logistic functions, and the logarithms of its sides in units of the anchor's. */
function decode(pictures: Value, map: Value): Record<string, Value> {
  const count = anchors.length;
  const field = (index: number): Value => slice(map, 1, index * count, (index + 1) * count);
  const side = (axis: 0 | 1): { low: Value; high: Value } => {
    const [imageAxis, mapAxis] = [2 - axis, 3 - axis];
    const cells = extent(map, mapAxis);
    const cell = div(extent(pictures, imageAxis), cells);
    const name = map.shape[mapAxis] as string;
    const index = range(cells, name);
    const place = axis === 0 ? index : reshape(index, [name, 1] as Dim[]);
    const anchor = map.graph.constant(
      "float32",
      [count, 1, 1],
      Float32Array.from(anchors, (pair) => pair[axis]),
    );
    const centre = mul(add(sigmoid(field(axis)), place), cell);
    const half = mul(mul(exp(field(2 + axis)), mul(anchor, 0.5)), cell);
    return { low: sub(centre, half), high: add(centre, half) };
  };
  const [x, y] = [side(0), side(1)];
  const corners = concat([x.low, y.low, x.high, y.high], 1);
  return {
    boxes: transpose(reshape(corners, [4, -1]), [1, 0]),
    scores: reshape(sigmoid(field(4)), [-1]),
  };
}
