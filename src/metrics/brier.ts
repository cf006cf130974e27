/** The Brier score: the squared distance between the probabilities and the truth. */

import type { Metric } from "./metric.ts";
import { checkProbabilities } from "./probabilities.ts";

/**
 * Returns the mean over the samples of Σ_k (p_k − y_k)², where y is 1 for the true class and 0 elsewhere (Brier 1950).
 * It ranges from 0 (certain and right) to 2 (certain and wrong); always answering 1/K scores 1 − 1/K. For two classes
 * it is twice scikit-learn's `brier_score_loss`. `probabilities` are rows `[N, classCount]`.
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
