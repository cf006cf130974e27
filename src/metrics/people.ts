/** A model's answers against people's votes, beside one more person against the same people. */

import { checkLabels } from "./confusion.ts";
import { differenceInterval } from "./difference-interval.ts";
import { leaveOneOut, pairAgreement } from "./leave-one-out.ts";
import { type Estimate, ratioEstimates, type Terms } from "./ratio-intervals.ts";
import { jensenShannonDistance, voteEntropy, voteLogLoss } from "./vote-distance.ts";
import { chosenClass, pluralityOf, type Votes } from "./votes.ts";

/** The share of people who agree on an image that is clear to people. */
export const CLEAR = 0.8;

/**
 * Shares are from 0 to 1, of all people asked: votes for what is no class count too. Names of classes are those that most people
 * chose.
 */
export interface PeopleScores {
  /** Images on which at least two people voted. */
  readonly n: number;
  /** Votes on them. */
  readonly votes: number;
  /** Images without a plurality, since several names have the most votes; no agreement is taken over them. */
  readonly tied: number;
  /** How often the answer is the plurality, the name that most people chose. */
  readonly agreement: Estimate;
  /** Mean share of the votes that the answer got. */
  readonly voteShare: Estimate;
  /** Mean cross-entropy of the votes for classes, in nats (`voteLogLoss`). */
  readonly logLoss: Estimate;
  /** The mean entropy of these votes: no log loss can be less. */
  readonly leastLogLoss: number;
  /** Mean Jensen-Shannon distance to the votes for classes, from 0 to 1 (`jensenShannonDistance`). */
  readonly jensenShannon: Estimate;
  /** Agreement on images whose plurality has at least 80 % of the votes; missing where there are none. */
  readonly clear?: Estimate;
  /** Agreement by plurality; classes that are no image's are missing. */
  readonly perClass: Readonly<
    Record<string, { readonly agreement: Estimate; readonly onePerson?: Estimate }>
  >;
  /** Missing where no votes of others have a plurality. */
  readonly onePerson?: OnePerson;
}

/**
 * Each annotator against the others of the same image: expectations over all images and their annotators, exact and not sampled.
 * Images count alike, however many people voted on them.
 */
export interface OnePerson {
  /** How often an annotator chose the plurality of the others. */
  readonly agreement: Estimate;
  /** Votes that are left out of it: the others are tied, or most of them chose no class. */
  readonly leftOut: number;
  /** Mean share of the others' votes that the annotator's answer got. */
  readonly voteShare: Estimate;
  /** Agreement where at least 80 % of the others agree; missing where there are none. */
  readonly clear?: Estimate;
  /** How often the model's answer is the plurality of the same others. */
  readonly model: Estimate;
  /** That less an annotator's agreement, paired by image. */
  readonly difference: Pick<Estimate, "value" | "interval">;
}

export interface PeopleOptions {
  readonly classes: readonly string[];
  /** The class that was answered for each image, an index. */
  readonly predicted: ArrayLike<number>;
  /** Rows [N, classes]: the model's, or cross-fitted where its temperature was fitted on these very images. */
  readonly probabilities: ArrayLike<number>;
  readonly votes: Votes;
}

/** Undefined where no image has a plurality among the classes. All intervals are of the same 2000 resamples of the images. */
export function peopleScores({
  classes,
  predicted,
  probabilities,
  votes,
}: PeopleOptions): PeopleScores | undefined {
  checkLabels(predicted, classes.length, "prediction");
  const images = votes.flatMap((counts, i) =>
    counts ? [imageOf(counts, i, classes, predicted, probabilities)] : [],
  );
  const all = weights(images, () => 1);
  const shareOf = (k: number): string => `agreement ${k}`;
  const personOf = (k: number): string => `one person ${k}`;
  const found: Record<string, Estimate | undefined> = ratioEstimates({
    agreement: agreement(images, ({ plurality }) => plurality !== undefined),
    clear: agreement(images, ({ isClear }) => isClear),
    voteShare: { of: weights(images, (image) => image.voteShare), weight: all, isShare: true },
    logLoss: { of: weights(images, (image) => image.logLoss), weight: all, isShare: false },
    jensenShannon: { of: weights(images, (image) => image.jensenShannon), weight: all, isShare: false },
    pairs: { of: weights(images, (image) => image.pairs), weight: all, isShare: true },
    person: against(images, "person"),
    model: against(images, "model"),
    difference: {
      ...against(images, "model"),
      of: weights(images, (image) => over(image, "model") - over(image, "person")),
      isShare: false,
    },
    clearPerson: against(images, "person", ({ agreed }) => isMost(agreed)),
    ...Object.fromEntries(
      classes.flatMap((_, k) => [
        [shareOf(k), agreement(images, ({ plurality }) => plurality === k)],
        [personOf(k), against(images, "person", ({ plurality }) => plurality === k)],
      ]),
    ),
  });
  const { voteShare, logLoss, jensenShannon, clear, pairs, person, model, difference, clearPerson } = found;
  if (!found.agreement || !voteShare || !logLoss || !jensenShannon || !pairs) return undefined;
  const sum = (of: (image: Image) => number): number => images.reduce((total, image) => total + of(image), 0);
  return {
    n: images.length,
    votes: sum(({ total }) => total),
    tied: images.filter(({ isTied }) => isTied).length,
    agreement: found.agreement,
    voteShare,
    logLoss,
    leastLogLoss: sum(({ entropy }) => entropy) / images.length,
    jensenShannon,
    ...(clear && { clear }),
    perClass: Object.fromEntries(
      classes.flatMap((name, k) => {
        const [own, onePerson] = [found[shareOf(k)], found[personOf(k)]];
        return own ? [[name, { agreement: own, ...(onePerson && { onePerson }) }] as const] : [];
      }),
    ),
    ...(person &&
      model &&
      difference && {
        onePerson: {
          agreement: person,
          leftOut: sum(({ undecided }) => undecided),
          voteShare: pairs,
          ...(clearPerson && { clear: clearPerson }),
          model,
          difference: { value: difference.value, interval: pairedInterval(model, person, difference) },
        },
      }),
  };
}

/** Where all answers of one side are alike, resamples show too little of chance, and both sides' own intervals say more. */
function pairedInterval(model: Estimate, person: Estimate, difference: Estimate): Estimate["interval"] {
  const isAlike = ({ value }: Estimate): boolean => value === 0 || value === 1;
  return isAlike(model) || isAlike(person) ? differenceInterval(model, person) : difference.interval;
}

/** What is asked of one image. */
interface Image {
  readonly total: number;
  readonly isTied: boolean;
  /** The class that most people chose; undefined for a tie, and for a name that is no class. */
  readonly plurality: number | undefined;
  readonly isClear: boolean;
  readonly isRight: boolean;
  readonly voteShare: number;
  readonly logLoss: number;
  readonly entropy: number;
  readonly jensenShannon: number;
  readonly pairs: number;
  /** Others who have a plurality among the classes. */
  readonly others: readonly OthersOfImage[];
  /** Votes whose others have none. */
  readonly undecided: number;
}

interface OthersOfImage {
  /** Share of the image's annotators who have these others. */
  readonly weight: number;
  readonly plurality: number;
  readonly agreed: number;
  readonly person: boolean;
  readonly model: boolean;
}

function imageOf(
  counts: readonly number[],
  index: number,
  classes: readonly string[],
  predicted: ArrayLike<number>,
  probabilities: ArrayLike<number>,
): Image {
  const answer = predicted[index] as number;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const own = counts.slice(0, classes.length);
  const ownTotal = own.reduce((sum, count) => sum + count, 0);
  const shares = own.map((count) => count / ownTotal);
  const row = own.map((_, k) => probabilities[index * classes.length + k] as number);
  const plurality = chosenClass(counts, classes.length);
  const left = leaveOneOut(counts);
  const others = left.flatMap(({ chosen, annotators, plurality: most, agreed }) =>
    most !== undefined && most < classes.length
      ? [
          {
            weight: annotators / total,
            plurality: most,
            agreed,
            person: chosen === most,
            model: answer === most,
          },
        ]
      : [],
  );
  return {
    total,
    isTied: pluralityOf(counts) === undefined,
    plurality,
    isClear: plurality !== undefined && isMost((counts[plurality] as number) / total),
    isRight: answer === plurality,
    voteShare: (counts[answer] as number) / total,
    logLoss: voteLogLoss(shares, row),
    entropy: voteEntropy(shares),
    jensenShannon: jensenShannonDistance(shares, row),
    pairs: pairAgreement(counts),
    others,
    undecided: left.reduce(
      (sum, { annotators, plurality: most }) =>
        most !== undefined && most < classes.length ? sum : sum + annotators,
      0,
    ),
  };
}

/** Whether a share of people is one of clear images, whatever was rounded. */
function isMost(share: number): boolean {
  return share >= CLEAR - 1e-9;
}

function weights(images: readonly Image[], of: (image: Image) => number): Float64Array {
  return Float64Array.from(images, of);
}

/** How often the answer is the plurality, over the images that are `chosen`. */
function agreement(images: readonly Image[], chosen: (image: Image) => boolean): Terms {
  return {
    of: weights(images, (image) => Number(chosen(image) && image.isRight)),
    weight: weights(images, (image) => Number(chosen(image))),
    isShare: true,
  };
}

/** How often a person, or the model, agrees with the plurality of others that are `chosen`. */
function against(
  images: readonly Image[],
  who: "person" | "model",
  chosen: (others: OthersOfImage) => boolean = () => true,
): Terms {
  return {
    of: weights(images, (image) => over(image, who, chosen)),
    weight: weights(images, (image) => over(image, undefined, chosen)),
    isShare: true,
  };
}

/** The share of an image's annotators whose others are `chosen`, and with whom `who`, if anybody, agrees. */
function over(
  { others }: Image,
  who: "person" | "model" | undefined,
  chosen: (others: OthersOfImage) => boolean = () => true,
): number {
  return others.reduce(
    (sum, one) => (chosen(one) && (who === undefined || one[who]) ? sum + one.weight : sum),
    0,
  );
}
