/** Area under the ROC curve of each class against all others. */

import { checkProbabilities } from "./probabilities.ts";

/**
 * One area per class, from 0 to 1: how often a sample of the class is given a higher probability of it than a sample of
 * another class, ties counting half (the Mann-Whitney statistic; Hanley and McNeil 1982). NaN for a class that no
 * sample has, or all have. `probabilities` are rows `[N, classCount]`.
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

/** From the sum of the positives' ranks; equal scores share the mean of their ranks. */
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
    // Ranks count from 1: those of start … end − 1 have the mean (start + 1 + end) / 2.
    rankSum += (tied * (start + 1 + end)) / 2;
    positives += tied;
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (n - positives));
}
