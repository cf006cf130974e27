/** Top-k accuracy: how often the true class is among the k most probable ones. */

import { VultusError } from "../util/errors.ts";
import type { Metric } from "./metric.ts";
import { checkProbabilities } from "./probabilities.ts";

/**
 * Returns a share from 0 to 1. Among equal probabilities the class with the lower index comes first, so k = 1 gives the
 * accuracy of `argmaxRows`. `probabilities` are rows `[N, classCount]`; k ranges from 1 to `classCount`.
 */
export function topKAccuracy(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  k: number,
): number {
  checkProbabilities(probabilities, labels, classCount);
  if (!Number.isInteger(k) || k < 1 || k > classCount) {
    throw new VultusError(`Top-k accuracy got k = ${k}; k must be an integer from 1 to ${classCount}.`);
  }
  let hits = 0;
  for (let i = 0; i < labels.length; i++) {
    const row = i * classCount;
    const label = labels[i] as number;
    const truth = probabilities[row + label] as number;
    let before = 0;
    for (let c = 0; c < classCount; c++) {
      const p = probabilities[row + c] as number;
      if (p > truth || (p === truth && c < label)) before++;
    }
    if (before < k) hits++;
  }
  return hits / labels.length;
}

export const top2: Metric = {
  label: "top-2 accuracy",
  format: "percent",
  higherIsBetter: true,
  judges: "answers",
  note: () => "the label is among the two most probable classes",
  compute: ({ probabilities, labels, classCount }) => topKAccuracy(probabilities, labels, classCount, 2),
};
