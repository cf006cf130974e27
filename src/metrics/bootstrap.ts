/** Bootstrap intervals: the sampling uncertainty of a score (Efron 1979). */

import { VultusError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { intervalOfAlike } from "./wilson.ts";

export interface ResampleOptions {
  readonly seed?: number;
  readonly resamples?: number;
}

export interface BootstrapOptions extends ResampleOptions {
  /** Share of the resampled means inside the interval. */
  readonly level?: number;
}

/**
 * Returns the percentile interval `[low, high]` of the mean of `values`. With values 0 (wrong) and 1 (right) it is the
 * interval of an accuracy; with -1, 0 and 1, the interval of the difference between two models on the same samples.
 */
export function bootstrapInterval(
  values: ArrayLike<number>,
  { seed = 0, resamples = 2000, level = 0.95 }: BootstrapOptions = {},
): [low: number, high: number] {
  const n = values.length;
  if (n === 0) throw new VultusError("There are no samples to resample; give at least one.");
  const rng = random(seed, "bootstrap");
  const means = Float64Array.from({ length: resamples }, () => {
    let total = 0;
    for (let i = 0; i < n; i++) total += values[rng.integer(n)] as number;
    return total / n;
  });
  return percentileInterval(means, level);
}

/** Returns the central interval that contains a share `level` of a statistic's resampled values, given in any order. */
export function percentileInterval(values: Float64Array, level: number): [low: number, high: number] {
  const sorted = values.toSorted();
  return [quantile(sorted, (1 - level) / 2), quantile(sorted, (1 + level) / 2)];
}

/**
 * Returns the 95 % interval of the accuracy of `predicted`, from 0 to 1: a bootstrap interval, or Wilson's if all or no
 * predictions are right.
 */
export function accuracyInterval(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  options?: ResampleOptions,
): [low: number, high: number] {
  if (labels.length !== predicted.length) {
    throw new VultusError(
      `${labels.length} labels but ${predicted.length} predictions: give one prediction per label.`,
    );
  }
  const correct = Uint8Array.from(labels, (label, i) => (label === predicted[i] ? 1 : 0));
  const right = correct.reduce((sum, one) => sum + one, 0);
  return intervalOfAlike(right, correct.length) ?? bootstrapInterval(correct, { ...options });
}

/** Returns a quantile of sorted values, interpolated as numpy does by default. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)] as number;
  const high = sorted[Math.ceil(position)] as number;
  return low + (high - low) * (position - Math.floor(position));
}
