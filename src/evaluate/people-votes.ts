/** Reads people's votes from samples, in the form that metrics use. */

import type { Sample } from "../data/dataset.ts";
import type { Votes } from "../metrics/votes.ts";

/** Tolerance for counts that were divided and multiplied again. */
const ROUNDING = 1e-6;

/**
 * Returns the votes of each sample with at least two votes. Fractional votes are soft labels (`data soften` writes
 * them), not people's votes; a single vote is a label.
 */
export function votesOf(samples: readonly Pick<Sample, "votes" | "voteCount" | "otherVotes">[]): Votes {
  return samples.map(({ votes, voteCount = 0, otherVotes = {} }) => {
    if (!votes) return undefined;
    const counts = [...votes.map((share) => share * voteCount), ...Object.values(otherVotes)];
    const whole = counts.map(Math.round);
    const isWhole = counts.every((count, k) => Math.abs(count - (whole[k] as number)) < ROUNDING);
    return isWhole && whole.reduce((sum, count) => sum + count, 0) > 1 ? whole : undefined;
  });
}
