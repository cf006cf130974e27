/** Calibration of the samples that it is reported on: each one's temperature was fitted without it. */

import { random, shuffled } from "../util/random.ts";
import { checkProbabilities } from "./probabilities.ts";
import { softmaxRow } from "./softmax.ts";
import { fitTemperature } from "./temperature.ts";

export interface CrossFitOptions {
  readonly folds?: number;
  readonly seed?: number;
}

/**
 * Probabilities `[N, classCount]` from logits of the same shape. The samples are dealt into folds at random, and the
 * temperature of a fold is fitted on all others (cross-fitting, Chernozhukov et al. 2018): a score of the result is
 * not flattered by the fit. With fewer than two samples nothing is fitted.
 */
export function crossFittedProbabilities(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  { folds = 5, seed = 0 }: CrossFitOptions = {},
): Float64Array {
  checkProbabilities(logits, labels, classCount, "logits");
  const order = shuffled(
    Array.from({ length: labels.length }, (_, i) => i),
    random(seed, "cross-fit"),
  );
  const out = new Float64Array(logits.length);
  for (let fold = 0; fold < folds; fold++) {
    const others = order.filter((_, position) => position % folds !== fold);
    const temperature = fitTemperature(logits, labels, classCount, others);
    for (let position = fold; position < order.length; position += folds) {
      softmaxRow(logits, (order[position] as number) * classCount, classCount, 1 / temperature, out);
    }
  }
  return out;
}
