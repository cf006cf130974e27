/** The result of an evaluation: plain data, as printed by `evaluate --json` and stored in a run's evaluation.json. */

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

/** Lower and upper end of a 95 % interval: a bootstrap interval, or Wilson's (1927) if all or none are right. */
export type Interval = readonly [low: number, high: number];

/** Scores against people's votes, and a verdict in words. */
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
 * Shares are fractions from 0 to 1. A number that could not be computed is NaN here and null in JSON. Metrics of probabilities,
 * and `coverage`, are cross-fitted if the temperature was fitted on the same images.
 */
export interface EvaluationResult extends Metrics {
  /** Number of scored images. */
  readonly n: number;
  /** The split of these images, or "all". */
  readonly split: string;
  readonly accuracy: number;
  readonly interval: Interval;
  /** Accuracy of always predicting the most frequent class. */
  readonly majority: number;
  readonly classes: readonly string[];
  readonly perClass: Readonly<Record<string, Scores>>;
  /** `confusion[truth][predicted]` is a count, in the order of `classes`. */
  readonly confusion: ConfusionMatrix;
  /** Number of images that are pixel-identical to training images of this data; left out if this was not checked. */
  readonly leaked?: number;
  /** The score without them; null if no images remain. */
  readonly withoutLeaked?: {
    readonly n: number;
    readonly accuracy: number;
    readonly interval: Interval;
  } | null;
  /**
   * Number of images that the model or its starting weights were trained on, or near copies of them; left out if the file does
   * not record its training images.
   */
  readonly seen?: number;
  /** The score without them; null if no images remain. */
  readonly withoutSeen?: {
    readonly n: number;
    readonly accuracy: number;
    readonly interval: Interval;
  } | null;
  /** Scores against people's votes, compared with one person against the others; missing if the images have no votes. */
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
