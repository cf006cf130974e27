/** Summary scores of answers: accuracy, log likelihood, and agreement with people's votes. */

import { accuracyInterval } from "./bootstrap.ts";
import { negativeLogLikelihood } from "./likelihood.ts";
import { type PeopleScores, peopleScores } from "./people.ts";
import { argmaxRows } from "./probabilities.ts";
import type { Votes } from "./votes.ts";

export interface AnswerScores {
  /** From 0 to 1. */
  readonly accuracy: number;
  /** 95 % interval of the accuracy, by `accuracyInterval`. */
  readonly interval: readonly [low: number, high: number];
  /** Mean negative log likelihood of the labels, in nats. */
  readonly nll: number;
  /** Comparison with people's votes; missing if the images have none. */
  readonly people?: PeopleScores;
}

/** Labels and votes that answers are scored against. */
export interface Truth {
  readonly classes: readonly string[];
  readonly labels: readonly number[];
  /** People's votes on the same samples; undefined for a sample without votes. */
  readonly votes: Votes;
}

/** Scores probabilities `[N, classes]` against labels and votes. */
export function answerScores(
  probabilities: ArrayLike<number>,
  { classes, labels, votes }: Truth,
): AnswerScores {
  const predicted = argmaxRows(probabilities, classes.length);
  const people = peopleScores({ classes, predicted, probabilities, votes });
  return {
    accuracy: labels.filter((label, n) => predicted[n] === label).length / labels.length,
    interval: accuracyInterval(labels, predicted),
    nll: negativeLogLikelihood(probabilities, labels, classes.length),
    ...(people && { people }),
  };
}
