/** The type of a loss over logits, and the mean that all losses share. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { GraphError } from "../util/errors.ts";

export interface LossInput {
  /** [N, C]. */
  readonly logits: Value;
  /** [N, C], float32: shares that sum to 1 in each row, or vote counts, depending on the loss. */
  readonly targets: Value;
  /** Share of a target that is spread evenly over the classes (Szegedy et al. 2016). */
  readonly labelSmoothing?: number;
  /** One weight per class. */
  readonly classWeights?: readonly number[] | undefined;
  /** Share of each class among the training targets, as the loss counts them; only used by logit adjustment. */
  readonly prior?: readonly number[] | undefined;
}

/** The option of a loss with logit adjustment: τ. */
export const logitAdjustment = { default: 0, minimum: 0 } as const;
export type AdjustedOptions = Readonly<Partial<Record<"logitAdjustment", number>>>;

/**
 * Returns logits + τ·log prior (Menon et al. 2021, "Long-tail learning via logit adjustment", equation 10). A loss on
 * the adjusted logits trains the network's own logits for the prior prior^(1 − τ), normalised; with τ = 1 this is the
 * uniform prior.
 *
 * @throws GraphError without a prior, or if the prior of a class is 0.
 */
export function adjustedLogits({ logits, prior }: LossInput, tau: number): Value {
  if (tau === 0) return logits;
  if (!prior?.every((share) => share > 0))
    throw new GraphError(
      `logit adjustment needs a class prior above 0 for every class, but it is ${prior?.join(", ")}; train without logitAdjustment, or make sure that every class has images`,
    );
  const shift = Float32Array.from(prior, (share) => tau * Math.log(share));
  return add(logits, logits.graph.constant("float32", [prior.length], shift));
}

/** A numeric option that a recipe may set. */
export interface LossOption {
  readonly default: number;
  readonly minimum: number;
  readonly maximum?: number;
}

/** A loss: its options, and the graph that computes it. `registry.ts` lists all losses. */
export interface Loss<Options extends string = string> {
  /** The targets that it expects: shares that sum to 1, or vote counts. */
  readonly targets: "shares" | "votes";
  readonly options: Readonly<Record<Options, LossOption>>;
  /** Builds the mean loss of a batch, a scalar. */
  build(input: LossInput, options: Readonly<Record<Options, number>>): Value;
}

/**
 * Σ w_c·t'_nc·cost_nc / Σ w_c·t_nc for costs [N, C], where t' are the smoothed targets t. This is PyTorch's weighted
 * mean: a row counts in proportion to the weight of its class and to its votes.
 */
export function weightedMean(
  cost: Value,
  { targets, labelSmoothing = 0, classWeights }: Omit<LossInput, "logits" | "prior">,
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
