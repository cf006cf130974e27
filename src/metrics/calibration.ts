/** Expected calibration error: how far a model's confidence is from how often it is right. */

import { argmaxRows, checkProbabilities } from "./probabilities.ts";

/**
 * The mean gap, from 0 to 1, between confidence (the highest probability) and accuracy over bins that hold equally
 * many samples (Nguyen and O'Connor 2015). Equal confidences stay in one bin, so the order of the samples does not
 * matter. `probabilities` are rows `[N, classCount]`.
 */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  binCount = 15,
): number {
  checkProbabilities(probabilities, labels, classCount);
  const n = labels.length;
  const samples = Array.from(argmaxRows(probabilities, classCount), (predicted, i) => ({
    confidence: probabilities[i * classCount + predicted] as number,
    correct: predicted === labels[i] ? 1 : 0,
  })).sort((a, b) => a.confidence - b.confidence);
  let error = 0;
  let start = 0;
  for (let bin = 1; bin <= binCount; bin++) {
    let end = Math.max(start, Math.floor((bin * n) / binCount));
    while (end > start && end < n && samples[end]?.confidence === samples[end - 1]?.confidence) end++;
    const gap = samples.slice(start, end).reduce((sum, s) => sum + s.confidence - s.correct, 0);
    error += Math.abs(gap) / n;
    start = end;
  }
  return error;
}
