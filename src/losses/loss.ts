/** The type of a loss over logits, and the mean that losses share. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";

export interface LossInput {
  /** [N, C]. */
  readonly logits: Value;
  /** [N, C], float32: shares that sum to 1 in each row, or counts of votes, depending on the loss. */
  readonly targets: Value;
  /** Share of a target that is spread evenly over the classes (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
  /** A weight per class. */
  readonly classWeights?: readonly number[] | undefined;
}

/** A number that a recipe may set. */
export interface LossOption {
  readonly default: number;
  readonly minimum: number;
  readonly maximum?: number;
}

/** A loss: its numbers, and the graph that computes it. `registry.ts` lists them. */
export interface Loss<Options extends string = string> {
  /** The targets that it expects: shares that sum to 1, or counts of votes. */
  readonly targets: "shares" | "votes";
  readonly options: Readonly<Record<Options, LossOption>>;
  /** The mean loss of a batch, a scalar. */
  build(input: LossInput, options: Readonly<Record<Options, number>>): Value;
}

/**
 * Σ w_c·t'_nc·cost_nc / Σ w_c·t_nc for costs [N, C], where t' are the smoothed targets t. This is PyTorch's weighted
 * mean: a row counts in proportion to the weight of its class and to its votes.
 */
export function weightedMean(
  cost: Value,
  { targets, labelSmoothing = 0, classWeights }: Omit<LossInput, "logits">,
  targetKind: Loss["targets"],
): Value {
  const { graph } = cost;
  const [rows, classes] = cost.shape as [number, number];
  const spread = labelSmoothing / classes;
  const evenly = targetKind === "shares" ? spread : mul(reduceSum(targets, [1], true), spread);
  const smoothed = labelSmoothing > 0 ? add(mul(targets, 1 - labelSmoothing), evenly) : targets;
  if (!classWeights) {
    const sum = reduceSum(mul(smoothed, cost));
    return targetKind === "shares" ? mul(sum, 1 / rows) : div(sum, reduceSum(targets));
  }
  const weights = graph.constant("float32", [classes], Float32Array.from(classWeights));
  return div(reduceSum(mul(mul(smoothed, weights), cost)), reduceSum(mul(targets, weights)));
}
