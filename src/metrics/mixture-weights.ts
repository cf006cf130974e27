/** How much each of several models should count in the mean of their probabilities. */

import { VultusError } from "../util/errors.ts";
import { type CrossFitOptions, crossFolds } from "./cross-fit.ts";
import { smallestProbability } from "./likelihood.ts";

/** The weights are found once no others could be likelier by more than this, in nats an observation. */
const TOLERANCE = 1e-9;
const MOST_STEPS = 20_000;

/**
 * The weights, at least 0 and summing to 1, under which the mean of the models' probabilities makes the targets likeliest.
 * Each model's probabilities are rows `[N, classes]`; `targets` has the same shape: one-hot labels, or votes, of which each
 * counts as an observation.
 *
 * The log likelihood is concave in the weights, so expectation maximisation (Dempster, Laird and Rubin 1977) from equal
 * weights finds its maximum; models that answer alike get equal weights.
 *
 * @throws VultusError where lengths differ, or there is no model or no target.
 */
export function mixtureWeights(
  probabilities: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
): number[] {
  for (const rows of probabilities)
    if (rows.length !== targets.length)
      throw new VultusError(
        `a model has ${rows.length} probabilities for ${targets.length} targets; give as many`,
      );
  const observed = Array.from(targets, (count, i) => ({ count, i })).filter(({ count }) => count > 0);
  const total = observed.reduce((sum, { count }) => sum + count, 0);
  if (probabilities.length === 0 || total === 0)
    throw new VultusError("mixture weights need at least one model and one target above 0");
  const likelihoods = observed.map(({ i }) =>
    probabilities.map((rows) => Math.max(rows[i] as number, smallestProbability)),
  );
  let weights = probabilities.map(() => 1 / probabilities.length);
  for (let step = 0; step < MOST_STEPS; step++) {
    // How much likelier each model alone makes the targets than the mixture does, on average.
    const gains = weights.map(() => 0);
    for (const [n, likelihood] of likelihoods.entries()) {
      const mixed = weights.reduce((sum, weight, k) => sum + weight * (likelihood[k] as number), 0);
      const share = (observed[n] as { count: number }).count / total / mixed;
      for (const [k, p] of likelihood.entries()) gains[k] = (gains[k] as number) + share * p;
    }
    // The log of the greatest gain bounds what is left to win (Cover 1984).
    if (Math.max(...gains) <= 1 + TOLERANCE) break;
    weights = weights.map((weight, k) => weight * (gains[k] as number));
  }
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/**
 * The mean of the models' probabilities `[N, classCount]` where each sample's weights were fitted on the others: a score of the
 * result is not flattered by the fit. A single sample has no others, so it gets equal weights.
 */
export function crossFittedMixture(
  probabilities: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
  classCount: number,
  options: CrossFitOptions = {},
): Float64Array {
  const mixed = new Float64Array(targets.length);
  const rowsOf = (rows: ArrayLike<number>, indices: readonly number[]): number[] =>
    indices.flatMap((row) =>
      Array.from({ length: classCount }, (_, k) => rows[row * classCount + k] as number),
    );
  for (const { own, others } of crossFolds(targets.length / classCount, options)) {
    if (own.length === 0) continue;
    const weights =
      others.length > 0
        ? mixtureWeights(
            probabilities.map((rows) => rowsOf(rows, others)),
            rowsOf(targets, others),
          )
        : probabilities.map(() => 1 / probabilities.length);
    for (const row of own)
      for (let i = row * classCount; i < (row + 1) * classCount; i++)
        mixed[i] = weights.reduce((sum, weight, k) => sum + weight * (probabilities[k]?.[i] as number), 0);
  }
  return mixed;
}
