/** Cross-fitted calibration: each sample is calibrated with a temperature that was fitted without it. */

import { random, shuffled } from "../util/random.ts";
import { checkProbabilities } from "./probabilities.ts";
import { softmaxRow } from "./softmax.ts";
import { fitTemperature, type TemperatureOptions } from "./temperature.ts";

export interface CrossFitOptions {
  readonly folds?: number;
  readonly seed?: number;
}

/**
 * Returns probabilities `[N, classCount]` for logits of the same shape. The samples are split into folds at random, and
 * each fold uses the temperature fitted on the others (cross-fitting, Chernozhukov et al. 2018), so scores of the
 * result are not optimistic. `votes` are as in `fitTemperature`. With fewer than two samples nothing is fitted.
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

/** Splits `count` samples into folds at random; each fold comes with the samples outside it. */
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
