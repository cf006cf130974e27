/** Compares a model's answers with people's votes, and with one more person judged by the same votes. */

import { counted } from "../util/counted.ts";
import { VultusError } from "../util/errors.ts";
import { checkLabels } from "./confusion.ts";
import { differenceInterval } from "./difference-interval.ts";
import { leaveOneOut, pairAgreement } from "./leave-one-out.ts";
import { type Estimate, ratioEstimates, type Terms } from "./ratio-intervals.ts";
import { jensenShannonDistance, voteEntropy, voteLogLoss } from "./vote-distance.ts";
import { chosenClass, pluralityOf, type Votes } from "./votes.ts";

/** On a clear image, at least this share of people agree. */
export const CLEAR = 0.8;

/**
 * Shares range from 0 to 1 and count all people asked, including votes for names that are not classes. Classes are
 * those of the plurality.
 */
export interface PeopleScores {
  /** Images on which at least two people voted, at least one of them for a class. */
  readonly n: number;
  /** Number of votes on these images. */
  readonly votes: number;
  /** Images without a plurality because of a tie. They do not count for the agreement. */
  readonly tied: number;
  /** How often the answer equals the plurality, the name that most people chose. */
  readonly agreement: Estimate;
  /** Mean share of votes for the answer. */
  readonly voteShare: Estimate;
  /** Mean cross-entropy of the votes for classes, in nats (`voteLogLoss`). */
  readonly logLoss: Estimate;
  /** Mean entropy of these votes: the lower bound of the log loss. */
  readonly leastLogLoss: number;
  /** Mean Jensen-Shannon distance to the votes for classes, from 0 to 1 (`jensenShannonDistance`). */
  readonly jensenShannon: Estimate;
  /** Agreement on images whose plurality has at least 80 % of the votes; missing if there are none. */
  readonly clear?: Estimate;
  /** Agreement by plurality; classes that are not the plurality of any image are missing. */
  readonly perClass: Readonly<
    Record<string, { readonly agreement: Estimate; readonly onePerson?: Estimate }>
  >;
  /** Missing if no image has annotators whose others have a plurality. */
  readonly onePerson?: OnePerson;
}

/**
 * Each annotator compared with the others on the same image: exact expectations over all images and their annotators.
 * Images have equal weight, however many people voted on them.
 */
export interface OnePerson {
  /** How often an annotator chose the plurality of the others. */
  readonly agreement: Estimate;
  /** Number of votes left out because the others are tied or their plurality is not a class. */
  readonly leftOut: number;
  /** Mean share of the others' votes for the annotator's answer. */
  readonly voteShare: Estimate;
  /** Agreement where at least 80 % of the others agree; missing if there are none. */
  readonly clear?: Estimate;
  /** How often the model's answer equals the plurality of the same others. */
  readonly model: Estimate;
  /** The model's agreement minus an annotator's, paired by image. */
  readonly difference: Pick<Estimate, "value" | "interval">;
}

export interface PeopleOptions {
  readonly classes: readonly string[];
  /** The predicted class index of each image. */
  readonly predicted: ArrayLike<number>;
  /** Rows [N, classes]: the model's, or cross-fitted if its temperature was fitted on these same images. */
  readonly probabilities: ArrayLike<number>;
  readonly votes: Votes;
}

/**
 * Returns the scores; undefined if no image has a class as its plurality. All intervals use the same 2000 resamples of
 * the images.
 */
export function peopleScores({
  classes,
  predicted,
  probabilities,
  votes,
}: PeopleOptions): PeopleScores | undefined {
  checkLabels(predicted, classes.length, "prediction");
  checkVotes(votes, predicted.length, probabilities.length, classes.length);
  const images = votes.flatMap((counts, i) =>
    counts && isScored(counts, classes.length) ? [imageOf(counts, i, classes, predicted, probabilities)] : [],
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

/** @throws VultusError unless there is an entry for each prediction, with a whole number of votes for each class. */
function checkVotes(votes: Votes, predictions: number, probabilities: number, classCount: number): void {
  if (votes.length > 0 && votes.length !== predictions)
    throw new VultusError(
      `There ${votes.length === 1 ? "is 1 entry" : `are ${votes.length} entries`} of votes but ${counted(predictions, "prediction")}; expected one entry per prediction, undefined for an image without votes.`,
    );
  if (probabilities !== predictions * classCount)
    throw new VultusError(
      `There are ${probabilities} probabilities for ${counted(predictions, "prediction")}; expected ${predictions * classCount}, ${classCount} for each.`,
    );
  for (const [i, counts] of votes.entries())
    if (
      counts &&
      !(counts.length >= classCount && counts.every((count) => Number.isInteger(count) && count >= 0))
    )
      throw new VultusError(
        `The votes of sample ${i} are ${counts.join(", ")}; expected whole numbers from 0, one for each of the ${classCount} classes and then those of other names.`,
      );
}

/** Returns whether at least two people voted, and somebody for a class: without either there is nothing to compare with. */
function isScored(counts: readonly number[], classCount: number): boolean {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total > 1 && counts.some((count, k) => k < classCount && count > 0);
}

/**
 * If all answers of one side are alike, resampling underestimates the uncertainty, so the interval is computed from
 * both sides' own intervals.
 */
function pairedInterval(model: Estimate, person: Estimate, difference: Estimate): Estimate["interval"] {
  const isAlike = ({ value }: Estimate): boolean => value === 0 || value === 1;
  return isAlike(model) || isAlike(person) ? differenceInterval(model, person) : difference.interval;
}

/** The data of one image. */
interface Image {
  readonly total: number;
  readonly isTied: boolean;
  /** The class that most people chose; undefined for a tie, or if that name is not a class. */
  readonly plurality: number | undefined;
  readonly isClear: boolean;
  readonly isRight: boolean;
  readonly voteShare: number;
  readonly logLoss: number;
  readonly entropy: number;
  readonly jensenShannon: number;
  readonly pairs: number;
  /** Others whose plurality is a class. */
  readonly others: readonly OthersOfImage[];
  /** Number of votes whose others have no such plurality. */
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

/** Returns whether a share reaches the minimum for clear images, allowing for rounding. */
function isMost(share: number): boolean {
  return share >= CLEAR - 1e-9;
}

function weights(images: readonly Image[], of: (image: Image) => number): Float64Array {
  return Float64Array.from(images, of);
}

/** How often the answer equals the plurality, over the `chosen` images. */
function agreement(images: readonly Image[], chosen: (image: Image) => boolean): Terms {
  return {
    of: weights(images, (image) => Number(chosen(image) && image.isRight)),
    weight: weights(images, (image) => Number(chosen(image))),
    isShare: true,
  };
}

/** How often a person, or the model, agrees with the plurality of the `chosen` others. */
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

/** Share of an image's annotators whose others are `chosen` and, if `who` is given, agree with it. */
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
