/**
 * Compiles explanations: the contribution of each cell of the last feature map to each class, by Grad-CAM (Selvaraju et al. 2017)
 * or Grad-CAM++ (Chattopadhyay et al. 2018). Gradients are taken with respect to that map only, so the backbone stays folded and
 * the backward pass covers only pooling and head. For a transformer, the cells are the patches before its last block, and the
 * backward pass also covers that block.
 */

import type { Canvas } from "../augment/canvas.ts";
import { buildValidation } from "../augment/validation.ts";
import { gradients } from "../autodiff/gradients.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { explainedOf } from "../models/backbone.ts";
import { type Architecture, buildHead, poolFeatures } from "../models/classifier.ts";
import { gridOf, ofPlaces, pictures } from "../nn/features.ts";
import { Network } from "../nn/network.ts";
import { add } from "../ops/add.ts";
import { concat, slice } from "../ops/concat.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { relu } from "../ops/relu.ts";
import { reshape } from "../ops/reshape.ts";
import type { StateDict } from "../util/tensor.ts";
import type { Answering } from "../weights/classifier-file.ts";
import { answers } from "./answering.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";

export const explainMethods = ["grad-cam", "grad-cam++"] as const;
export type ExplainMethod = (typeof explainMethods)[number];

/** The maps explain the logits, regardless of temperature and prior. */
export interface ExplainOptions extends Answering {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  readonly canvas: Canvas;
  /** Images in each run. */
  readonly batch: number;
  readonly method: ExplainMethod;
}

/**
 * Feeds as for validation. Outputs: `probabilities` [N, classes]; `maps` [N, classes, H, W], 0 where a cell does not
 * contribute to the class, in units that differ from image to image.
 */
export function compileExplain(options: ExplainOptions): Program {
  const { architecture, weights, canvas, batch, method } = options;
  const { backbone, inputSize: size, classes } = architecture;
  const { mean, std } = backbone.preprocessing;
  const graph = new Graph();
  const gradientsOf = backbone.explained;
  const net = new Network({ graph, weights, trainable: () => false, training: false, gradientsOf });
  const prepared = buildValidation(graph, { batch, canvas, size, mean, std });
  const built = backbone.build(net, pictures(prepared));
  const last = gradientsOf === undefined ? net.withGradients(built) : built;
  const features = explainedOf(backbone, net, last);
  const { height, width } = gridOf(features);
  const logits = buildHead(net, architecture, poolFeatures(net, backbone, last));

  const activations = ofPlaces(features, features.value);
  const maps = classes.map((_, k) => {
    // An image's score depends on no other image, so the gradient of the sum contains each image's own gradient.
    const score = reduceSum(slice(logits, 1, k, k + 1));
    const [gradient] = gradients(score, [features.value]) as [Value];
    const weight = weightsOf(method, activations, ofPlaces(features, gradient));
    return reshape(relu(reduceSum(mul(activations, weight), [2])), [batch, 1, height, width]);
  });
  return finish(graph, "explain", {
    probabilities: answers(logits, options).probabilities,
    maps: concat(maps, 1),
  });
}

/** Returns the images at the size and channels of a network, `seen` [N, C, S, S] from 0 to 1. Feeds as for validation. */
export function compileSeen(
  canvas: Canvas,
  { batch, size, channels }: { readonly batch: number; readonly size: number; readonly channels: number },
): Program {
  const graph = new Graph();
  const plain = { mean: new Array<number>(channels).fill(0), std: new Array<number>(channels).fill(1) };
  return finish(graph, "seen", { seen: buildValidation(graph, { batch, canvas, size, ...plain }) });
}

/** Returns the weight of each channel, [N, 1, C], from activations and gradients [N, pixels, C]. */
function weightsOf(method: ExplainMethod, activations: Value, gradient: Value): Value {
  if (method === "grad-cam") return reduceMean(gradient, [1], true);
  // α = g²/(2g² + ΣA·g³) of their equation 19, divided by g², is 1/(2 + ΣA·g). It only matters if g is above 0, because the
  // weight is Σα·relu(g). exp(score), a common factor of all weights, is left out. The paper's activations follow a ReLU; for
  // others the sum may be negative, which could divide by 0 or flip the weight's sign, so only positive activations count.
  const rising = relu(gradient);
  const alpha = div(1, add(mul(rising, reduceSum(relu(activations), [1], true)), 2));
  return reduceSum(mul(alpha, rising), [1], true);
}
