/** One-vs-rest area under the ROC curve of each class. */

import { checkProbabilities } from "./probabilities.ts";

/**
 * Returns one area per class, from 0 to 1: the probability that a sample of the class gets a higher probability for it
 * than a sample of another class, with ties counting half (the Mann-Whitney statistic; Hanley and McNeil 1982). NaN for
 * a class with no samples or with all samples. `probabilities` are rows `[N, classCount]`.
 */
export function areaUnderCurves(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
): number[] {
  checkProbabilities(probabilities, labels, classCount);
  return Array.from({ length: classCount }, (_, k) => {
    const scores = Float64Array.from(labels, (_, i) => probabilities[i * classCount + k] as number);
    return areaUnderCurve(
      scores,
      Uint8Array.from(labels, (label) => (label === k ? 1 : 0)),
    );
  });
}

/** Computes the area from the rank sum of the positives; equal scores share their mean rank. */
function areaUnderCurve(scores: Float64Array, positive: Uint8Array): number {
  const n = scores.length;
  const order = Uint32Array.from(scores, (_, i) => i).sort(
    (a, b) => (scores[a] as number) - (scores[b] as number),
  );
  let [positives, rankSum] = [0, 0];
  for (let start = 0; start < n; ) {
    const score = scores[order[start] as number];
    let [end, tied] = [start, 0];
    for (; end < n && scores[order[end] as number] === score; end++)
      tied += positive[order[end] as number] as number;
    // Ranks start at 1: those of start … end − 1 have the mean (start + 1 + end) / 2.
    rankSum += (tied * (start + 1 + end)) / 2;
    positives += tied;
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (n - positives));
}
