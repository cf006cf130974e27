/** Negative log likelihood of the true classes. */

import type { Metric } from "./metric.ts";
import { checkProbabilities } from "./probabilities.ts";

/**
 * Half of float32's spacing at 1, the rounding error of a float32 softmax, so that a probability rounded to zero has a
 * finite cost.
 */
export const smallestProbability = 2 ** -24;

/** Returns the mean of -ln p(true class), in nats. `probabilities` are rows `[N, classCount]` that sum to 1. */
export function negativeLogLikelihood(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
): number {
  checkProbabilities(probabilities, labels, classCount);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    const p = probabilities[i * classCount + (labels[i] as number)] as number;
    total -= Math.log(Math.max(p, smallestProbability));
  }
  return total / labels.length;
}

export const nll: Metric = {
  label: "log loss",
  format: "decimal",
  higherIsBetter: false,
  judges: "probabilities",
  note: (classCount) => `${Math.log(classCount).toFixed(3)} when guessing`,
  compute: ({ probabilities, labels, classCount }) =>
    negativeLogLikelihood(probabilities, labels, classCount),
};
