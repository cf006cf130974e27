/** What is said of answers in short: how often they are right, and how likely they make the labels. */

import { accuracyInterval } from "./bootstrap.ts";
import { negativeLogLikelihood } from "./likelihood.ts";
import { argmaxRows } from "./probabilities.ts";

export interface AnswerScores {
  /** From 0 to 1. */
  readonly accuracy: number;
  /** 95 % interval of the accuracy, by `accuracyInterval`. */
  readonly interval: readonly [low: number, high: number];
  /** Mean negative log likelihood of the labels, in nats. */
  readonly nll: number;
}

/** Scores of probabilities `[N, classCount]` against labels. */
export function answerScores(
  probabilities: ArrayLike<number>,
  labels: readonly number[],
  classCount: number,
): AnswerScores {
  const predicted = argmaxRows(probabilities, classCount);
  return {
    accuracy: labels.filter((label, n) => predicted[n] === label).length / labels.length,
    interval: accuracyInterval(labels, predicted),
    nll: negativeLogLikelihood(probabilities, labels, classCount),
  };
}
