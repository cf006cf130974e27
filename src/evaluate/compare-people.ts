/** Compares two classifiers with people's votes on the same images. */

import { bootstrapInterval } from "../metrics/bootstrap.ts";
import { type PairedDifference, pairedDifference } from "../metrics/paired.ts";
import { type PeopleScores, peopleScores } from "../metrics/people.ts";
import { chosenClass, type Votes } from "../metrics/votes.ts";

type Answers = { readonly predicted: readonly number[]; readonly probabilities: ArrayLike<number> };

/** The paired difference covers images with a plurality; an answer is right if it equals the plurality. */
export interface PeopleComparison extends PairedDifference {
  /** 95 % interval of B's mean vote share minus A's, over all images with votes. */
  readonly voteShareInterval: readonly [number, number];
  readonly a: PeopleScores;
  readonly b: PeopleScores;
}

/** Returns the comparison; undefined if no image has a class as its plurality. */
export function comparePeople(
  votes: Votes,
  a: Answers,
  b: Answers,
  classes: readonly string[],
): PeopleComparison | undefined {
  const scores = ({ predicted, probabilities }: Answers): PeopleScores | undefined =>
    peopleScores({ classes, predicted, probabilities, votes });
  const [ofA, ofB] = [scores(a), scores(b)];
  if (!ofA || !ofB) return undefined;
  const clear = votes.flatMap((counts, i) => {
    const label = counts && chosenClass(counts, classes.length);
    return label === undefined ? [] : [{ label, a: a.predicted[i] as number, b: b.predicted[i] as number }];
  });
  const change = votes.flatMap((counts, i) => {
    if (!counts) return [];
    const total = counts.reduce((sum, count) => sum + count, 0);
    const [own, other] = [a, b].map(({ predicted }) => counts[predicted[i] as number] as number);
    return [((other as number) - (own as number)) / total];
  });
  const of = (side: "label" | "a" | "b"): number[] => clear.map((image) => image[side]);
  return {
    ...pairedDifference(of("label"), of("a"), of("b")),
    voteShareInterval: bootstrapInterval(change),
    a: ofA,
    b: ofB,
  };
}
