/** Calibration of a model's probabilities, and how much another temperature would improve it. */

import { expectedCalibrationError } from "../metrics/calibration.ts";
import { crossFittedProbabilities } from "../metrics/cross-fit.ts";
import { type ReliabilityBin, reliabilityBins } from "../metrics/reliability.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { type CalibrationTarget, fitTemperature } from "../metrics/temperature.ts";
import type { Votes } from "../metrics/votes.ts";
import type { BundleOutputs } from "./run-bundle.ts";

/** Expected calibration errors, from 0 to 1, at several temperatures. They are always measured against the labels. */
export interface Calibration {
  /** The temperature that the model divides its logits by. */
  readonly temperature: number;
  /** The target that the temperatures are fitted to. */
  readonly fittedTo: CalibrationTarget;
  /** The temperature that fits these images best. */
  readonly fittedTemperature: number;
  /** At temperature 1. */
  readonly eceRaw: number;
  /** At the model's temperature. */
  readonly eceModel: number;
  /** At temperatures cross-fitted on these images: each fold is scored with a temperature fitted on the other folds. */
  readonly eceCrossFitted: number;
  /** Whether the model's temperature was fitted on these same images; then only the cross-fitted error is unbiased. */
  readonly fittedHere: boolean;
  /** Bins from least to most confident, computed from the judged probabilities. */
  readonly reliability: readonly ReliabilityBin[];
}

export interface CalibrationOptions {
  readonly temperature: number;
  /** Whether the temperature was fitted on these same images. */
  readonly fittedHere: boolean;
  /** The target of the model's temperature, and of the temperatures fitted here. Default: plurality. */
  readonly fittedTo?: CalibrationTarget | undefined;
  /** People's votes on the images. Default: none. */
  readonly votes?: Votes | undefined;
}

/**
 * Returns the calibration and the probabilities `[N, classes]` to compute metrics from: the model's own, or
 * cross-fitted ones if its temperature was fitted on these images, because metrics of its own probabilities would be
 * too optimistic.
 */
export function calibrationOf(
  { logits, probabilities }: BundleOutputs,
  labels: readonly number[],
  classes: number,
  { temperature, fittedHere, fittedTo = "plurality", votes }: CalibrationOptions,
): { calibration: Calibration; judged: ArrayLike<number> } {
  const error = (rows: ArrayLike<number>): number => expectedCalibrationError(rows, labels, classes);
  const fitted = { votes: fittedTo === "votes" ? votes : undefined };
  const crossFitted = crossFittedProbabilities(logits, labels, classes, fitted);
  const judged = fittedHere ? crossFitted : probabilities;
  const calibration = {
    temperature,
    fittedTo,
    fittedTemperature: fitTemperature(logits, labels, classes, fitted),
    eceRaw: error(softmaxRows(logits, classes)),
    eceModel: error(probabilities),
    eceCrossFitted: error(crossFitted),
    fittedHere,
    reliability: reliabilityBins(judged, labels, classes),
  };
  return { calibration, judged };
}
