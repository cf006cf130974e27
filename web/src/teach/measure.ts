/** A model's score on the held-out examples, and whether there are enough of them to report it. */

import { type ConfusionMatrix, confusionMatrix, margins } from "../../../src/metrics/confusion.ts";
import { mcnemarP } from "../../../src/metrics/mcnemar.ts";
import { wilsonInterval } from "../../../src/metrics/wilson.ts";

/** A training's predictions for the held-out examples, in order. */
export interface Answers {
  /** Examples × classes. */
  readonly probabilities: Float32Array;
  /** Indices of classes. */
  readonly labels: readonly number[];
}

export interface ClassMeasure {
  readonly name: string;
  readonly n: number;
  readonly right: number;
  readonly tooFew: boolean;
}

export interface Measure {
  readonly n: number;
  readonly right: number;
  /** 95 % interval of the accuracy, as if the examples were independent of each other. */
  readonly interval: readonly [low: number, high: number];
  /** Too few for a meaningful accuracy. */
  readonly tooFew: boolean;
  readonly classes: readonly ClassMeasure[];
  readonly matrix: ConfusionMatrix;
  /** Indices of the examples with a wrong prediction, the most confident first. */
  readonly wrong: readonly WrongAnswer[];
}

export interface WrongAnswer {
  readonly example: number;
  readonly answered: string;
  /** From 0 to 1. */
  readonly probability: number;
}

/** The minimum number of examples for a result per class, and in total. */
const FEWEST_OF_CLASS = 5;
const FEWEST = 10;

/** Undefined if no example was held out. */
export function measureOf(answers: Answers, classes: readonly string[]): Measure | undefined {
  const { labels } = answers;
  if (labels.length === 0) return undefined;
  const predicted = predictedBy(answers, classes.length);
  const matrix = confusionMatrix(labels, predicted, classes.length);
  const { n, right, labelled } = margins(matrix);
  const surest = (i: number): number =>
    answers.probabilities[i * classes.length + (predicted[i] as number)] as number;
  const ofClass = classes.map((name, k): ClassMeasure => {
    const count = labelled[k] as number;
    return { name, n: count, right: matrix[k]?.[k] ?? 0, tooFew: count < FEWEST_OF_CLASS };
  });
  return {
    n,
    right,
    interval: wilsonInterval(right, n),
    tooFew: n < FEWEST || ofClass.every(({ tooFew }) => tooFew),
    classes: ofClass,
    matrix,
    wrong: [...labels.keys()]
      .filter((i) => predicted[i] !== labels[i])
      .map((i) => ({
        example: i,
        answered: classes[predicted[i] as number] as string,
        probability: surest(i),
      }))
      .sort((a, b) => b.probability - a.probability),
  };
}

/** The significance of the difference between two models on the same examples. */
export function comparisonOf(all: Answers, head: Answers, classCount: number): string {
  const [a, b] = [predictedBy(all, classCount), predictedBy(head, classCount)];
  const { labels } = all;
  const only = (one: readonly number[], other: readonly number[]): number =>
    labels.filter((label, i) => one[i] === label && other[i] !== label).length;
  const [onlyAll, onlyHead] = [only(a, b), only(b, a)];
  if (onlyAll + onlyHead === 0) return "Both are right on the same examples.";
  const is = mcnemarP(onlyAll, onlyHead) < 0.05 ? "is" : "is not";
  return `Right with all layers but not with the head: ${onlyAll}. The other way round: ${onlyHead}. The difference ${is} statistically significant.`;
}

function predictedBy({ probabilities, labels }: Answers, classCount: number): number[] {
  return labels.map((_, i) => {
    const row = probabilities.subarray(i * classCount, (i + 1) * classCount);
    return row.indexOf(Math.max(...row));
  });
}
