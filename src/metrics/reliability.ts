/** Reliability bins: the accuracy at each level of confidence. */

import { argmaxRows, checkProbabilities } from "./probabilities.ts";

export interface ReliabilityBin {
  readonly count: number;
  /** Mean of the highest probability, from 0 to 1. */
  readonly confidence: number;
  /** Share of right answers, from 0 to 1. */
  readonly accuracy: number;
}

/**
 * Returns bins with equally many samples, from least to most confident (Nguyen and O'Connor 2015). Equal confidences
 * stay in one bin, so the order of the samples does not matter; empty bins are left out. `probabilities` are rows `[N,
 * classCount]`.
 */
export function reliabilityBins(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  binCount = 15,
): ReliabilityBin[] {
  checkProbabilities(probabilities, labels, classCount);
  const n = labels.length;
  const samples = Array.from(argmaxRows(probabilities, classCount), (predicted, i) => ({
    confidence: probabilities[i * classCount + predicted] as number,
    correct: predicted === labels[i] ? 1 : 0,
  })).sort((a, b) => a.confidence - b.confidence);
  const bins: ReliabilityBin[] = [];
  let start = 0;
  for (let bin = 1; bin <= binCount; bin++) {
    let end = Math.max(start, Math.floor((bin * n) / binCount));
    while (end > start && end < n && samples[end]?.confidence === samples[end - 1]?.confidence) end++;
    if (end === start) continue;
    const members = samples.slice(start, end);
    const mean = (key: "confidence" | "correct"): number =>
      members.reduce((sum, sample) => sum + sample[key], 0) / members.length;
    bins.push({ count: members.length, confidence: mean("confidence"), accuracy: mean("correct") });
    start = end;
  }
  return bins;
}

/** Merges neighbouring bins until each holds at least `least` samples; the remainder joins the last bin. */
export function widened(bins: readonly ReliabilityBin[], least: number): ReliabilityBin[] {
  const joined: ReliabilityBin[] = [];
  for (const bin of bins) {
    const last = joined.at(-1);
    if (last && last.count < least) joined[joined.length - 1] = together(last, bin);
    else joined.push(bin);
  }
  const [before, last] = joined.slice(-2);
  if (before && last && last.count < least) joined.splice(-2, 2, together(before, last));
  return joined;
}

function together(a: ReliabilityBin, b: ReliabilityBin): ReliabilityBin {
  const count = a.count + b.count;
  const mean = (key: "confidence" | "accuracy"): number => (a[key] * a.count + b[key] * b.count) / count;
  return { count, confidence: mean("confidence"), accuracy: mean("accuracy") };
}
