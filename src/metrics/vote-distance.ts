/** Distances between a model's probabilities and people's votes on one image, both as class shares. */

import { smallestProbability } from "./likelihood.ts";

/**
 * Returns the cross-entropy −Σ q·ln p in nats, with votes q and probabilities p: the mean log loss over the votes. It
 * is minimal, the entropy of the votes, where p equals q. As in `negativeLogLikelihood`, p is at least 2⁻²⁴.
 */
export function voteLogLoss(votes: readonly number[], probabilities: readonly number[]): number {
  return votes.reduce(
    (sum, q, k) =>
      q > 0 ? sum - q * Math.log(Math.max(probabilities[k] as number, smallestProbability)) : sum,
    0,
  );
}

/** Returns the entropy −Σ q·ln q in nats: the lower bound of the log loss. */
export function voteEntropy(votes: readonly number[]): number {
  return votes.reduce((sum, q) => (q > 0 ? sum - q * Math.log(q) : sum), 0);
}

/**
 * Returns the Jensen-Shannon distance: the root of the divergence ½·KL(q ‖ m) + ½·KL(p ‖ m), m = (p + q)/2, to base 2
 * (Lin 1991; Endres and Schindelin 2003). It ranges from 0 (equal) to 1 (disjoint support) and equals SciPy's
 * `jensenshannon(q, p, 2)`. Both arguments must sum to 1.
 */
export function jensenShannonDistance(votes: readonly number[], probabilities: readonly number[]): number {
  let divergence = 0;
  for (const [k, q] of votes.entries()) {
    const p = probabilities[k] as number;
    const middle = (p + q) / 2;
    if (q > 0) divergence += (q / 2) * Math.log2(q / middle);
    if (p > 0) divergence += (p / 2) * Math.log2(p / middle);
  }
  // Rounding can give a slightly negative result if both are equal.
  return Math.sqrt(Math.max(0, divergence));
}
