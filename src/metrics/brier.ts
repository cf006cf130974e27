/** The Brier score: squared distance between probabilities and the truth. */

import type { Metric } from "./metric.ts";
import { checkProbabilities } from "./probabilities.ts";

/**
 * Mean over the samples of Σ_k (p_k − y_k)², where y is 1 for the true class and 0 elsewhere (Brier 1950): from 0, sure
 * and right, to 2, sure and wrong. Always answering 1/K scores 1 − 1/K. For two classes it is twice the score that
 * scikit-learn's `brier_score_loss` gives. `probabilities` are rows `[N, classCount]`.
 */
export function brierScore(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
): number {
  checkProbabilities(probabilities, labels, classCount);
  let total = 0;
  for (let i = 0; i < labels.length; i++) {
    for (let k = 0; k < classCount; k++) {
      total += ((probabilities[i * classCount + k] as number) - (labels[i] === k ? 1 : 0)) ** 2;
    }
  }
  return total / labels.length;
}

export const brier: Metric = {
  label: "Brier score",
  format: "decimal",
  higherIsBetter: false,
  judges: "probabilities",
  note: () => "from 0 to 2",
  compute: ({ probabilities, labels, classCount }) => brierScore(probabilities, labels, classCount),
};
