/** Calibration of the samples that it is reported on: each one's temperature was fitted without it. */

import { random, shuffled } from "../util/random.ts";
import { checkProbabilities } from "./probabilities.ts";
import { softmaxRow } from "./softmax.ts";
import { fitTemperature, type TemperatureOptions } from "./temperature.ts";

export interface CrossFitOptions {
  readonly folds?: number;
  readonly seed?: number;
}

/**
 * Probabilities `[N, classCount]` from logits of the same shape. The samples are dealt into folds at random, and the
 * temperature of a fold is fitted on all others (cross-fitting, Chernozhukov et al. 2018): a score of the result is
 * not flattered by the fit. `votes` are as in `fitTemperature`. With fewer than two samples nothing is fitted.
 */
export function crossFittedProbabilities(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  { votes, ...options }: CrossFitOptions & Pick<TemperatureOptions, "votes"> = {},
): Float64Array {
  checkProbabilities(logits, labels, classCount, "logits");
  const out = new Float64Array(logits.length);
  for (const { own, others } of crossFolds(labels.length, options)) {
    const temperature = fitTemperature(logits, labels, classCount, { rows: others, votes });
    for (const row of own) softmaxRow(logits, row * classCount, classCount, 1 / temperature, out);
  }
  return out;
}

/** Deals `count` samples into folds at random; each comes with all samples that are not in it. */
export function crossFolds(
  count: number,
  { folds = 5, seed = 0 }: CrossFitOptions = {},
): { readonly own: readonly number[]; readonly others: readonly number[] }[] {
  const order = shuffled(
    Array.from({ length: count }, (_, i) => i),
    random(seed, "cross-fit"),
  );
  return Array.from({ length: folds }, (_, fold) => ({
    own: order.filter((_, position) => position % folds === fold),
    others: order.filter((_, position) => position % folds !== fold),
  }));
}
