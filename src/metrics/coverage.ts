/** Coverage against accuracy: what a model gets right where it answers only when it is sure enough. */

import { argmaxRows, checkProbabilities } from "./probabilities.ts";

export interface CoveragePoint {
  /** The least confidence (highest probability) that counts as an answer. */
  readonly threshold: number;
  /** Share of the samples that are answered. */
  readonly coverage: number;
  /** Share of those that are right; NaN where none is answered. */
  readonly accuracy: number;
}

/**
 * One point per threshold: the risk-coverage curve of selective classification (Geifman and El-Yaniv 2017), with the
 * highest probability as confidence. `probabilities` are rows `[N, classCount]`.
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
