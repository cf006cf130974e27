/**
 * Compiles an ensemble: one bundle whose probabilities are the weighted mean of its members' calibrated ones. Each member
 * preprocesses the images in its own way.
 */

import { buildAnySize } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { buildFeatures, buildHead } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { fitsHalf } from "../nn/parameters.ts";
import { concat } from "../ops/concat.ts";
import { log } from "../ops/log.ts";
import { max } from "../ops/max.ts";
import { fromFloat16, toFloat16 } from "../util/half.ts";
import type { StateDict } from "../util/tensor.ts";
import { memberScope } from "../weights/ensemble-file.ts";
import { type BundleOptions, pixels } from "./bundle.ts";
import { finish } from "./finish.ts";
import { type MixedNetwork, mixtureOf } from "./mixture.ts";
import type { Program } from "./program.ts";

/** The smallest normal float32: a class with probability 0 in every member gets the logit -87.3 instead of -Infinity. */
const SMALLEST = 2 ** -126;

export interface EnsembleBundleOptions extends Pick<BundleOptions, "input" | "metadata"> {
  /** Storage type of matrices; a member whose own file stores halves always keeps them. Default: float32. */
  readonly stored?: "float32" | "float16";
  /** The classes of the probabilities, in this order; every member must know them. */
  readonly classes: readonly string[];
}

/**
 * Feeds and outputs are the same as for `compileBundle`. `logits` are the logarithms of `probabilities`, so that their softmax
 * gives them back; `embedding` is the concatenation of the members' embeddings. Tensors of member k are called
 * `member<k>.<name>`.
 *
 * @throws UsageError for a member that lacks one of the classes.
 */
export function compileEnsemble(
  members: readonly MixedNetwork[],
  { classes, input = "uint8", stored = "float32", metadata }: EnsembleBundleOptions,
): Program {
  const graph = new Graph();
  const pictures = pixels(graph, input);
  const embeddings: Value[] = [];
  const logitsOf = ({ architecture, weights }: MixedNetwork, k: number): Value => {
    const scope = memberScope(k);
    const net = new Network({
      graph,
      scope,
      weights,
      trainable: () => false,
      training: false,
      named: isHalf(weights) ? "float16" : stored,
    });
    const { backbone, inputSize: size, resize } = architecture;
    const { mean, std } = backbone.preprocessing;
    const options = { size, resize, mean, std };
    // Members with the same preprocessing share the result.
    const prepared = graph.once(`prepared ${JSON.stringify(options)}`, () =>
      graph.in(scope, () => buildAnySize(pictures, options)),
    );
    const embedding = buildFeatures(net, architecture, prepared);
    embeddings.push(embedding);
    return buildHead(net, architecture, embedding);
  };
  const probabilities = mixtureOf(members, logitsOf, { classes, noun: "member" });
  const outputs = {
    probabilities,
    logits: log(max(probabilities, SMALLEST)),
    embedding: concat(embeddings, 1),
  };
  return finish(graph, "ensemble", outputs, metadata);
}

/**
 * Returns whether every matrix is exactly representable in half precision, as in a file that stores halves: then storing halves
 * loses nothing.
 */
function isHalf(weights: StateDict): boolean {
  return [...weights.values()].every(
    ({ shape, data }) => !fitsHalf(shape) || data.every((x) => Object.is(fromFloat16(toFloat16(x)), x)),
  );
}
