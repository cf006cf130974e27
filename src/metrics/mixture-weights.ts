/** Fits the weights of several models in the mean of their probabilities. */

import { VultusError } from "../util/errors.ts";
import { type CrossFitOptions, crossFolds } from "./cross-fit.ts";
import { smallestProbability } from "./likelihood.ts";

/** The search stops once no other weights can be more likely by more than this, in nats per observation. */
const TOLERANCE = 1e-9;
const MOST_STEPS = 20_000;

/**
 * Returns the weights, non-negative and summing to 1, whose mixture of the models' probabilities maximises the
 * likelihood of the targets. Each model's probabilities are rows `[N, classes]`. `targets` has the same shape: one-hot
 * labels, or votes, each of which counts as an observation.
 *
 * The log likelihood is concave in the weights, so expectation maximisation (Dempster, Laird and Rubin 1977) from equal
 * weights finds its maximum. Models with identical answers get equal weights.
 *
 * @throws VultusError if lengths differ, or there is no model or no target.
 */
export function mixtureWeights(
  probabilities: readonly ArrayLike<number>[],
  targets: ArrayLike<number>,
): number[] {
  for (const rows of probabilities)
    if (rows.length !== targets.length)
      throw new VultusError(
        `a model has ${rows.length} probabilities for ${targets.length} targets; give one probability per target`,
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
    // The mean likelihood ratio of each model alone to the mixture.
    const gains = weights.map(() => 0);
    for (const [n, likelihood] of likelihoods.entries()) {
      const mixed = weights.reduce((sum, weight, k) => sum + weight * (likelihood[k] as number), 0);
      const share = (observed[n] as { count: number }).count / total / mixed;
      for (const [k, p] of likelihood.entries()) gains[k] = (gains[k] as number) + share * p;
    }
    // The log of the greatest gain bounds the remaining improvement (Cover 1984).
    if (Math.max(...gains) <= 1 + TOLERANCE) break;
    weights = weights.map((weight, k) => weight * (gains[k] as number));
  }
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/**
 * Returns the mixed probabilities `[N, classCount]`, where each sample's weights are fitted on the other samples, so
 * scores of the result are not optimistic. A single sample gets equal weights.
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
