/** Losses over logits, as graph. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { neg } from "../ops/neg.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { logSoftmax } from "../ops/softmax.ts";

export interface CrossEntropyOptions {
  /** Share of a target that is spread evenly over the classes (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
  /** A weight per class. */
  readonly classWeights?: readonly number[];
}

/**
 * Cross-entropy of `logits` [N, C] against `targets` [N, C], rows of which sum to 1: one-hot, votes or mixed. With hard
 * targets it equals PyTorch's, class weights included: Σ w_c·t'_nc·(−log p_nc) / Σ w_c·t_nc, where t' is smoothed.
 */
export function crossEntropy(logits: Value, targets: Value, options: CrossEntropyOptions = {}): Value {
  const { labelSmoothing = 0, classWeights } = options;
  const { graph } = logits;
  return graph.in("loss", () => {
    const [rows, classes] = logits.shape as [number, number];
    const smoothed =
      labelSmoothing > 0 ? add(mul(targets, 1 - labelSmoothing), labelSmoothing / classes) : targets;
    const negativeLog = neg(logSoftmax(logits));
    if (!classWeights) return mul(reduceSum(mul(smoothed, negativeLog)), 1 / rows);
    const weights = graph.constant("float32", [classes], Float32Array.from(classWeights));
    return div(reduceSum(mul(mul(smoothed, weights), negativeLog)), reduceSum(mul(targets, weights)));
  });
}
