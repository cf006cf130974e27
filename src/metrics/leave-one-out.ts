/** Each annotator against the others: the human baseline for a model's agreement with people. */

import { pluralityOf } from "./votes.ts";

/** The other annotators of an image, as seen by one of them. */
export interface Others {
  /** The annotator's choice, an index into the counts. */
  readonly chosen: number;
  /** Number of the image's annotators who made this choice; all of them have the same others. */
  readonly annotators: number;
  /** The most frequent choice of the others; undefined if there is a tie. */
  readonly plurality: number | undefined;
  /** Share of the others who chose the plurality, or one of the tied names. */
  readonly agreed: number;
}

/**
 * Leaves out each annotator of an image in turn (leave-one-out). Annotators with the same choice have the same others,
 * so the result has one entry per name with votes, and means over it are exact expectations over the annotators,
 * without sampling. `counts` must contain at least two votes.
 */
export function leaveOneOut(counts: readonly number[]): Others[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.flatMap((annotators, chosen) => {
    if (annotators === 0) return [];
    const others = counts.with(chosen, annotators - 1);
    return { chosen, annotators, plurality: pluralityOf(others), agreed: Math.max(...others) / (total - 1) };
  });
}

/**
 * Returns the probability that two annotators of an image agree, from 0 to 1: Σ c·(c − 1) / (n·(n − 1)). It equals the
 * expected share of the others' votes for one annotator's answer (the agreement of one item in Fleiss 1971).
 */
export function pairAgreement(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => sum + count * (count - 1), 0) / (total * (total - 1));
}
