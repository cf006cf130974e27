/** Intervals of the scores of predicted classes, all from the same resamples. */

import { random } from "../util/random.ts";
import { percentileInterval, type ResampleOptions } from "./bootstrap.ts";
import { confusionMatrix, sum } from "./confusion.ts";
import { summarize } from "./scores.ts";
import { intervalOfAlike } from "./wilson.ts";

/** Share of the resampled scores inside an interval. */
const LEVEL = 0.95;

export interface ScoreIntervals {
  readonly accuracy: readonly [low: number, high: number];
  readonly balancedAccuracy: readonly [low: number, high: number];
  readonly macroF1: readonly [low: number, high: number];
}

/**
 * Returns 95 % percentile intervals of accuracy, balanced accuracy and macro F1 (Efron 1979). If all or no predictions
 * are right, all three scores are 1 or 0, and each gets Wilson's interval of the accuracy. With equal options, the
 * accuracy's interval equals `accuracyInterval`'s. Scores that are not means over samples are recomputed for each
 * resample; a class that a resample lacks is left out of its means.
 */
export function scoreIntervals(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classCount: number,
  { seed = 0, resamples = 2000 }: ResampleOptions = {},
): ScoreIntervals {
  // Labels and predictions are checked once here; a resample only counts cells of the matrix.
  confusionMatrix(labels, predicted, classCount);
  const n = labels.length;
  let right = 0;
  for (let i = 0; i < n; i++) if (labels[i] === predicted[i]) right++;
  const alike = intervalOfAlike(right, n);
  if (alike) return { accuracy: alike, balancedAccuracy: alike, macroF1: alike };
  const cells = Uint32Array.from(labels, (label, i) => label * classCount + (predicted[i] as number));
  const rng = random(seed, "bootstrap");
  const accuracy = new Float64Array(resamples);
  const balancedAccuracy = new Float64Array(resamples);
  const macroF1 = new Float64Array(resamples);
  const counts = new Uint32Array(classCount * classCount);
  const occurs = new Set(Array.from(labels));
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (let i = 0; i < n; i++) {
      const cell = cells[rng.integer(n)] as number;
      counts[cell] = (counts[cell] as number) + 1;
    }
    const scores = summarize(
      Array.from({ length: classCount }, (_, k) => [
        ...counts.subarray(k * classCount, (k + 1) * classCount),
      ]),
    );
    accuracy[resample] = scores.accuracy;
    balancedAccuracy[resample] = scores.balancedAccuracy;
    const judged = scores.perClass.filter(({ support }, k) => support > 0 || !occurs.has(k));
    macroF1[resample] = sum(judged.map(({ f1 }) => f1)) / judged.length;
  }
  return {
    accuracy: percentileInterval(accuracy, LEVEL),
    balancedAccuracy: percentileInterval(balancedAccuracy, LEVEL),
    macroF1: percentileInterval(macroF1, LEVEL),
  };
}
