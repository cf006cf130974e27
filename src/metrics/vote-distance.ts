/** How far a model's probabilities are from people's votes on one image, both as shares of the classes. */

import { smallestProbability } from "./likelihood.ts";

/**
 * Cross-entropy −Σ q·ln p in nats, q the votes and p the probabilities: the mean log loss over the votes. It is least, the
 * entropy of the votes, where p is q. As in `negativeLogLikelihood`, p counts as at least 2⁻²⁴.
 */
export function voteLogLoss(votes: readonly number[], probabilities: readonly number[]): number {
  return votes.reduce(
    (sum, q, k) =>
      q > 0 ? sum - q * Math.log(Math.max(probabilities[k] as number, smallestProbability)) : sum,
    0,
  );
}

/** Entropy −Σ q·ln q in nats: the log loss that no model can do better than. */
export function voteEntropy(votes: readonly number[]): number {
  return votes.reduce((sum, q) => (q > 0 ? sum - q * Math.log(q) : sum), 0);
}

/**
 * Jensen-Shannon distance: the root of the divergence ½·KL(q ‖ m) + ½·KL(p ‖ m), m = (p + q)/2, to base 2 (Lin 1991; Endres and
 * Schindelin 2003). From 0, equal, to 1, no class in common; SciPy's `jensenshannon(q, p, 2)`. Both sum to 1.
 */
export function jensenShannonDistance(votes: readonly number[], probabilities: readonly number[]): number {
  let divergence = 0;
  for (const [k, q] of votes.entries()) {
    const p = probabilities[k] as number;
    const middle = (p + q) / 2;
    if (q > 0) divergence += (q / 2) * Math.log2(q / middle);
    if (p > 0) divergence += (p / 2) * Math.log2(p / middle);
  }
  // Rounding can leave a little less than 0 where both are equal.
  return Math.sqrt(Math.max(0, divergence));
}
