/** Expected calibration error: how far a model's confidence is from how often it is right. */

import type { Metric } from "./metric.ts";
import { reliabilityBins } from "./reliability.ts";

/**
 * The mean gap, from 0 to 1, between confidence (the highest probability) and accuracy over bins that hold equally
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
