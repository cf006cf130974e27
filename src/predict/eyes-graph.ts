/**
 * The tiny landmark network of face-api.js as one of our graphs. It maps a face to its eyes, its centre and its size.
 * It has three dense blocks of three depthwise separable convolutions, and 68 landmarks around brows, eyes, nose, mouth
 * and jaw.
 */

import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { concat, slice } from "../ops/concat.ts";
import { conv } from "../ops/conv.ts";
import { gemm } from "../ops/gemm.ts";
import { globalAveragePool } from "../ops/global-average-pool.ts";
import { mul } from "../ops/mul.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { relu } from "../ops/relu.ts";
import { reshape } from "../ops/reshape.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";
import { transpose } from "../ops/transpose.ts";
import { finish } from "../program/finish.ts";
import type { Program } from "../program/program.ts";
import { EYES_INPUT } from "./eyes.ts";
import { depthwiseFilters, filters, type QuantizedTensor, weightsOf } from "./tensorflow-weights.ts";

/** Mean of red, green and blue, which is subtracted. */
const meanRgb = [122.782, 117.001, 104.298];
/** The six of the 68 landmarks around each eye; the eye on the left of the image comes first. */
const eyes = [
  [36, 42],
  [42, 48],
] as const;

/**
 * Takes `pictures` uint8 [N, 112, 112, 3], RGB, each the square around a face. Returns `eyes` [N, 4]: x and y of the
 * eye on the left of the image, then of the other; `middle` [N, 2], the centroid of all landmarks; and `spread` [N],
 * their root mean square distance from it. All are shares of the square's side, relative to its upper left corner.
 */
export function compileEyes(
  weights: ReadonlyMap<string, QuantizedTensor>,
  metadata: Readonly<Record<string, string>>,
): Program {
  const graph = new Graph();
  const weight = weightsOf(graph, weights, "the landmark network");
  const pictures = graph.input("pictures", "uint8", ["N", EYES_INPUT, EYES_INPUT, 3]);
  const mean = graph.constant("float32", [3, 1, 1], Float32Array.from(meanRgb));
  let x = mul(sub(cast(transpose(pictures, [0, 3, 1, 2]), "float32"), mean), 1 / 255);
  for (const block of ["dense0", "dense1", "dense2"]) x = graph.in(block, () => dense(x, block, weight));
  const features = reshape(globalAveragePool(x), [-1, x.shape[1] as number]);
  const points = reshape(gemm(features, weight("fc/weights"), { bias: weight("fc/bias") }), [-1, 68, 2]);
  const middles = eyes.map(([first, end]) => reduceMean(slice(points, 1, first, end), [1]));
  const middle = reduceMean(points, [1]);
  const offsets = sub(points, reshape(middle, [-1, 1, 2]));
  // The mean over x and y of the squares is half the mean squared distance.
  const spread = sqrt(mul(reduceMean(mul(offsets, offsets), [1, 2]), 2));
  return finish(graph, "eyes", { eyes: concat(middles, 1), middle, spread }, metadata);
}

/** A dense block: the first convolution halves the sides, and each further one takes the sum of all before it. */
function dense(x: Value, block: string, weight: (name: string) => Value): Value {
  const bias = (layer: string): Value => weight(`${block}/${layer}/bias`);
  const separable = (input: Value, layer: string, stride: 1 | 2): Value => {
    const depthwise = depthwiseFilters(weight(`${block}/${layer}/depthwise_filter`));
    const channels = depthwise.shape[0] as number;
    const spatial = conv(input, depthwise, undefined, stride, stride === 1 ? 1 : 0, channels, 1);
    return conv(spatial, filters(weight(`${block}/${layer}/pointwise_filter`)), bias(layer), 1, 0);
  };
  const first =
    block === "dense0"
      ? conv(x, filters(weight("dense0/conv0/filters")), bias("conv0"), 2, 0, 1, 1)
      : separable(x, "conv0", 2);
  const one = relu(first);
  const two = separable(one, "conv1", 1);
  const three = separable(relu(add(one, two)), "conv2", 1);
  return relu(add(one, add(two, three)));
}
