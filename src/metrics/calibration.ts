/** Expected calibration error: the gap between a model's confidence and its accuracy. */

import type { Metric } from "./metric.ts";
import { reliabilityBins } from "./reliability.ts";

/**
 * Returns the mean gap, from 0 to 1, between confidence (the highest probability) and accuracy over bins with equally
 * many samples (`reliabilityBins`). `probabilities` are rows `[N, classCount]`.
 */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  binCount = 15,
): number {
  return reliabilityBins(probabilities, labels, classCount, binCount).reduce(
    (error, { count, confidence, accuracy }) =>
      error + (count / labels.length) * Math.abs(confidence - accuracy),
    0,
  );
}

export const ece: Metric = {
  label: "calibration error",
  format: "decimal",
  higherIsBetter: false,
  judges: "probabilities",
  compute: ({ probabilities, labels, classCount }) =>
    expectedCalibrationError(probabilities, labels, classCount),
};
