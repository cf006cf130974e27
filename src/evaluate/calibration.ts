/** How honest a model's probabilities are, and how honest another temperature would make them. */

import { expectedCalibrationError } from "../metrics/calibration.ts";
import { crossFittedProbabilities } from "../metrics/cross-fit.ts";
import { type ReliabilityBin, reliabilityBins } from "../metrics/reliability.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { type CalibrationTarget, fitTemperature } from "../metrics/temperature.ts";
import type { Votes } from "../metrics/votes.ts";
import type { BundleOutputs } from "./run-bundle.ts";

/** Expected calibration errors, from 0 to 1, at several temperatures. They are always of the labels. */
export interface Calibration {
  /** What the model divides its logits by. */
  readonly temperature: number;
  /** What the temperatures are fitted to. */
  readonly fittedTo: CalibrationTarget;
  /** What would fit these images best. */
  readonly fittedTemperature: number;
  /** Without any temperature. */
  readonly eceRaw: number;
  /** Of the probabilities that the model gives. */
  readonly eceModel: number;
  /** With temperatures fitted on these images, each on folds that it is not used on. */
  readonly eceCrossFitted: number;
  /** Whether the model's temperature was fitted on these very images, so that the cross-fitted error counts. */
  readonly fittedHere: boolean;
  /** From least to most sure, of the probabilities that are judged. */
  readonly reliability: readonly ReliabilityBin[];
}

export interface CalibrationOptions {
  readonly temperature: number;
  /** Whether the temperature was fitted on these very images. */
  readonly fittedHere: boolean;
  /** What the temperature was fitted to, and others are. Default: plurality. */
  readonly fittedTo?: CalibrationTarget | undefined;
  /** People's votes on the images. Default: none. */
  readonly votes?: Votes | undefined;
}

/**
 * The calibration, and the probabilities `[N, classes]` that may be judged: the model's own or, where its temperature
 * was fitted on these images, cross-fitted ones, since the fit would flatter its own.
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
