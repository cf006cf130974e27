/**
 * The larger face detector of face-api.js as one of our graphs: MobileNetV1 (Howard et al. 2017) up to its eleventh
 * block, and the first of SSD's box predictors (Liu et al. 2016), which finds small faces. The five others, for large
 * faces, contain two thirds of the weights; a look at the photo from further away replaces them (`pyramid-search.ts`).
 */

import { Graph } from "../graph/graph.ts";
import type { Dim, Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { clip } from "../ops/clip.ts";
import { concat, slice } from "../ops/concat.ts";
import { conv } from "../ops/conv.ts";
import { div } from "../ops/div.ts";
import { exp } from "../ops/exp.ts";
import { mul } from "../ops/mul.ts";
import { range } from "../ops/range.ts";
import { reshape } from "../ops/reshape.ts";
import { extent } from "../ops/shape.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";
import { transpose } from "../ops/transpose.ts";
import { finish } from "../program/finish.ts";
import type { Program } from "../program/program.ts";
import { depthwiseFilters, filters, type QuantizedTensor, weightsOf } from "./tensorflow-weights.ts";

const BLOCKS = 11;
/** Blocks that halve the resolution, as does the plain convolution before them. */
const halving = new Set([2, 4, 6]);
/** Input pixels per cell of the last map. */
const STRIDE = 16;
const EPSILON = 0.001;

/**
 * Height and width in pixels of the prior boxes: a square of 51 px, and two boxes of 102 px, twice as wide as high and
 * twice as high as wide.
 */
const anchors = [
  [51.2, 51.2],
  [102.4 / Math.SQRT2, 102.4 * Math.SQRT2],
  [102.4 * Math.SQRT2, 102.4 / Math.SQRT2],
] as const;
/** Scale factors of box offsets and of log sides used in training. */
const [middles, sides] = [10, 5];

/**
 * Takes `pictures` uint8 [1, H, W, 3], RGB, whose sides are multiples of 16. Returns `boxes` [M, 4], the left, upper,
 * right and lower border in pixels of the input, and `scores` [M] from 0 to 1: three boxes per cell, most of them
 * background.
 */
export function compileSsd(
  weights: ReadonlyMap<string, QuantizedTensor>,
  metadata: Readonly<Record<string, string>>,
): Program {
  const graph = new Graph();
  const weight = weightsOf(graph, weights, "the face detector");
  const pictures = graph.input("pictures", "uint8", [1, "H", "W", 3]);
  const shades = cast(transpose(pictures, [0, 3, 1, 2]), "float32");
  /** A convolution with its shift, and ReLU6. The padding is TensorFlow's: at stride 2 only below and to the right. */
  const block = (x: Value, w: Value, shift: Value, stride: number, groups = 1): Value => {
    const after = w.shape[2] === 1 ? 0 : 1;
    return clip(conv(x, w, shift, stride, stride === 1 ? after : 0, groups, after), 0, 6);
  };
  const plain = (x: Value, name: string, stride: number): Value =>
    block(x, filters(weight(`${name}/weights`)), weight(`${name}/convolution_bn_offset`), stride);
  let x = plain(sub(mul(shades, 1 / 127.5), 1), "MobilenetV1/Conv2d_0_pointwise", 2);
  for (let number = 1; number <= BLOCKS; number++) {
    x = graph.in(`block${number}`, () => {
      const { w, shift } = normalised(weight, `MobilenetV1/Conv2d_${number}_depthwise`);
      const spatial = block(x, w, shift, halving.has(number) ? 2 : 1, w.shape[0] as number);
      return plain(spatial, `MobilenetV1/Conv2d_${number}_pointwise`, 1);
    });
  }
  const predicted = (part: string, fields: number): Value =>
    byField(
      x,
      weight(`Prediction/BoxPredictor_0/${part}/weights`),
      weight(`Prediction/BoxPredictor_0/${part}/biases`),
      fields,
    );
  // The second of three classes is the face.
  const scores = sigmoid(field(predicted("ClassPredictor", 3), 1));
  return finish(
    graph,
    "face detector",
    { boxes: decode(predicted("BoxEncodingPredictor", 4)), scores: reshape(scores, [-1]) },
    metadata,
  );
}

/** Folds the batch norm into the depthwise filters: its factor scales the filters, the rest becomes a shift. */
function normalised(weight: (name: string) => Value, name: string): { w: Value; shift: Value } {
  const norm = (part: string): Value => weight(`${name}/BatchNorm/${part}`);
  const factor = div(norm("gamma"), sqrt(add(norm("moving_variance"), EPSILON)));
  const w = depthwiseFilters(weight(`${name}/depthwise_weights`));
  return {
    w: mul(w, reshape(factor, [w.shape[0] as number, 1, 1, 1])),
    shift: sub(norm("beta"), mul(norm("moving_mean"), factor)),
  };
}

/** A predictor whose channels are sorted by field: [1, fields · anchors, rows, columns]. */
function byField(x: Value, weights: Value, biases: Value, fields: number): Value {
  const [count, inside] = [anchors.length, x.shape[1] as number];
  const w = transpose(reshape(filters(weights), [count, fields, inside]), [1, 0, 2]);
  const bias = transpose(reshape(biases, [count, fields]), [1, 0]);
  return conv(x, reshape(w, [fields * count, inside, 1, 1]), reshape(bias, [fields * count]), 1, 0);
}

function field(map: Value, index: number): Value {
  return slice(map, 1, index * anchors.length, (index + 1) * anchors.length);
}

/**
 * A box is encoded as the offset of its centre from the cell's and the logarithms of its sides, both relative to the
 * prior box.
 */
function decode(map: Value): Value {
  const side = (axis: 0 | 1): { low: Value; high: Value } => {
    const name = map.shape[2 + axis] as string;
    const cells = add(range(extent(map, 2 + axis), name), 0.5);
    const centre = mul(axis === 0 ? reshape(cells, [name, 1] as Dim[]) : cells, STRIDE);
    const prior = map.graph.constant(
      "float32",
      [anchors.length, 1, 1],
      Float32Array.from(anchors, (pair) => pair[axis]),
    );
    const middle = add(mul(mul(field(map, axis), prior), 1 / middles), centre);
    const half = mul(mul(exp(mul(field(map, 2 + axis), 1 / sides)), prior), 0.5);
    return { low: sub(middle, half), high: add(middle, half) };
  };
  const [y, x] = [side(0), side(1)];
  const corners = concat([x.low, y.low, x.high, y.high], 1);
  return transpose(reshape(corners, [4, -1]), [1, 0]);
}
