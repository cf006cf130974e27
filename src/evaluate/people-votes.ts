/** Reads people's votes from samples, in the form that metrics use. */

import type { Sample } from "../data/dataset.ts";
import { chosenClass, type Votes } from "../metrics/votes.ts";
import { counted } from "../util/counted.ts";

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

/** Notes on images that have votes but are not compared with people, and on votes that allow no comparison at all. */
export function votesNotes(
  samples: readonly Pick<Sample, "votes" | "voteCount" | "otherVotes">[],
  classCount: number,
): string[] {
  const withVotes = samples.filter((sample) => sample.votes);
  const votes = votesOf(withVotes).filter((counts) => counts !== undefined);
  const without = withVotes.length - votes.length;
  return [
    ...(without > 0
      ? [
          `${without} of ${counted(withVotes.length, "image")} with votes ${without === 1 ? "is" : "are"} not compared with people: that takes whole votes of at least two people`,
        ]
      : []),
    ...(votes.length > 0 && votes.every((counts) => chosenClass(counts, classCount) === undefined)
      ? ["there is no comparison with people: the votes of every image are tied"]
      : []),
  ];
}
