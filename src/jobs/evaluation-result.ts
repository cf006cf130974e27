/** What an evaluation hands back: plain data, as `evaluate --json` prints it and a run's evaluation.json holds it. */

import type { Calibration } from "../evaluate/calibration.ts";
import { type Evaluation, metricsOf } from "../evaluate/evaluate.ts";
import { confusedPairText } from "../metrics/confused-pairs.ts";
import type { ConfusionMatrix } from "../metrics/confusion.ts";
import type { CoveragePoint } from "../metrics/coverage.ts";
import type { PeopleScores } from "../metrics/people.ts";
import type { Metrics } from "../metrics/registry.ts";
import type { ScoreIntervals } from "../metrics/score-intervals.ts";
import type { Scores } from "../metrics/scores.ts";
import { peopleSentence } from "../report/people.ts";

/** Low and high end of a 95 % interval: a bootstrap one, or Wilson's (1927) where all or none are right. */
export type Interval = readonly [low: number, high: number];

/** Scores against people's votes, and the sentence that they allow. */
export interface PeopleResult extends PeopleScores {
  /** Whether the model is better than, as good as, or not as good as one more person. */
  readonly verdict: string;
}

/** Two classes that are confused. */
export interface ConfusedClasses {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
  readonly share: number;
  readonly text: string;
}

/**
 * Shares are fractions from 0 to 1. Where JSON says null, the number is NaN here: it could not be had. Metrics of
 * probabilities, and `coverage`, are cross-fitted where the temperature was fitted on these very images.
 */
export interface EvaluationResult extends Metrics {
  /** Images that were scored. */
  readonly n: number;
  /** The split that they are of, or "all". */
  readonly split: string;
  readonly accuracy: number;
  readonly interval: Interval;
  /** Accuracy of always answering the most frequent class. */
  readonly majority: number;
  readonly classes: readonly string[];
  readonly perClass: Readonly<Record<string, Scores>>;
  /** `confusion[truth][predicted]` is a count, in the order of `classes`. */
  readonly confusion: ConfusionMatrix;
  /** Images that are pixel-identical to training images of this data; left out where nobody looked. */
  readonly leaked?: number;
  /** The score without them; null where all are. */
  readonly withoutLeaked?: {
    readonly n: number;
    readonly accuracy: number;
    readonly interval: Interval;
  } | null;
  /**
   * Images that the model, or the weights at the start of its training, were trained on, or near copies of such; left out where
   * the file does not record its training images.
   */
  readonly seen?: number;
  /** The score without them; null where all are. */
  readonly withoutSeen?: {
    readonly n: number;
    readonly accuracy: number;
    readonly interval: Interval;
  } | null;
  /** Against people's votes, beside one person against the others; missing where the images have none. */
  readonly people?: PeopleResult;
  readonly intervals: ScoreIntervals;
  /** Each class against all others; NaN for a class that occurs in no image or in all. */
  readonly auc: Readonly<Record<string, number>>;
  readonly calibration: Calibration;
  readonly coverage: readonly CoveragePoint[];
  /** The most frequent confusions. */
  readonly confused: readonly ConfusedClasses[];
}

export function evaluationResult(evaluation: Evaluation, split: string): EvaluationResult {
  const { scores, intervals, matrix, classes, majority } = evaluation;
  const { auc, calibration, coverage, confused, people } = evaluation;
  return {
    ...metricsOf(evaluation, split),
    majority,
    classes,
    perClass: Object.fromEntries(classes.map((name, i) => [name, scores.perClass[i] as Scores])),
    confusion: matrix,
    ...(evaluation.leaks && {
      leaked: evaluation.leaks.leaked,
      withoutLeaked: evaluation.leaks.withoutLeaked ?? null,
    }),
    ...(evaluation.seen && {
      seen: evaluation.seen.leaked,
      withoutSeen: evaluation.seen.withoutLeaked ?? null,
    }),
    ...(people && { people: { ...people, verdict: peopleSentence(people) } }),
    intervals,
    auc: Object.fromEntries(classes.map((name, i) => [name, auc[i] as number])),
    calibration,
    coverage,
    confused: confused.map((pair) => ({
      ...pair,
      truth: classes[pair.truth] as string,
      predicted: classes[pair.predicted] as string,
      text: confusedPairText(pair, classes),
    })),
  };
}
