/** One annotator against the others: the measure of people that a model's agreement with people is compared with. */

import { pluralityOf } from "./votes.ts";

/** The others of one annotator of an image. */
export interface Others {
  /** What the annotator chose, an index into the counts. */
  readonly chosen: number;
  /** How many annotators of the image chose that, each of whom has these others. */
  readonly annotators: number;
  /** What most of the others chose; undefined where several names have the most of their votes. */
  readonly plurality: number | undefined;
  /** Share of the others who chose the plurality; of a tie, one of its names. */
  readonly agreed: number;
}

/**
 * Takes the annotators of an image out one at a time (leave-one-out). Annotators who chose the same have the same others, so the
 * result has one entry for each name with votes, and means over it are exact expectations over the annotators, without sampling.
 * `counts` are of two votes or more.
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
 * How often two annotators of an image chose the same, from 0 to 1: Σ c·(c − 1) / (n·(n − 1)), the expected share of the others'
 * votes that one annotator's answer got (the agreement of one item in Fleiss 1971).
 */
export function pairAgreement(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => sum + count * (count - 1), 0) / (total * (total - 1));
}
