/** Coverage against accuracy: how accurate a model is if it only answers when it is confident enough. */

import { argmaxRows, checkProbabilities } from "./probabilities.ts";

export interface CoveragePoint {
  /** Minimum confidence (highest probability) for an answer. */
  readonly threshold: number;
  /** Share of the samples with an answer. */
  readonly coverage: number;
  /** Share of the answers that are right; NaN if there are none. */
  readonly accuracy: number;
}

/**
 * Returns one point per threshold of the risk-coverage curve of selective classification (Geifman and El-Yaniv 2017),
 * with the highest probability as confidence. `probabilities` are rows `[N, classCount]`.
 */
export function coverageCurve(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  thresholds: readonly number[] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95],
): CoveragePoint[] {
  checkProbabilities(probabilities, labels, classCount);
  const predicted = argmaxRows(probabilities, classCount);
  return thresholds.map((threshold) => {
    let [answered, right] = [0, 0];
    for (const [i, answer] of predicted.entries()) {
      if ((probabilities[i * classCount + answer] as number) < threshold) continue;
      answered++;
      if (answer === labels[i]) right++;
    }
    return { threshold, coverage: answered / labels.length, accuracy: right / answered };
  });
}
