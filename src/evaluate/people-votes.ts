/** People's votes on samples, as metrics read them. */

import type { Sample } from "../data/dataset.ts";
import type { Votes } from "../metrics/votes.ts";

/** A count of votes is whole up to what dividing and multiplying it leaves. */
const ROUNDING = 1e-6;

/**
 * The votes of each sample on which at least two people voted. Votes that are no whole numbers are soft labels and nobody's, as
 * `data soften` writes them; and one vote is a label.
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
