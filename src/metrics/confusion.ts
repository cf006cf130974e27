/** The confusion matrix, from which all other scores of predicted classes are computed. */

import { VultusError } from "../util/errors.ts";

/** `matrix[truth][predicted]` is a count. */
export type ConfusionMatrix = readonly (readonly number[])[];

/**
 * Counts each pair of true and predicted class, given as indices from 0 to `classCount` - 1. Throws if there are no
 * samples, the lengths differ or an index is out of range.
 */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classCount: number,
): ConfusionMatrix {
  if (labels.length !== predicted.length) {
    throw new VultusError(
      `${labels.length} labels but ${predicted.length} predictions: give one prediction per label.`,
    );
  }
  checkLabels(labels, classCount);
  checkLabels(predicted, classCount, "prediction");
  const matrix = Array.from({ length: classCount }, () => Array.from({ length: classCount }, () => 0));
  for (let i = 0; i < labels.length; i++) {
    const row = matrix[labels[i] as number] as number[];
    row[predicted[i] as number] = (row[predicted[i] as number] as number) + 1;
  }
  return matrix;
}

export interface Margins {
  readonly n: number;
  /** Number of samples that were predicted correctly. */
  readonly right: number;
  /** Per class, how often it is the label and how often it is predicted. */
  readonly labelled: readonly number[];
  readonly answered: readonly number[];
}

export function margins(matrix: ConfusionMatrix): Margins {
  const labelled = matrix.map(sum);
  const answered = matrix.map((_, k) => sum(matrix.map((row) => row[k] as number)));
  return { n: sum(labelled), right: sum(matrix.map((row, k) => row[k] as number)), labelled, answered };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Throws unless there is at least one label and every label is a class index. */
export function checkLabels(labels: ArrayLike<number>, classCount: number, noun = "label"): void {
  if (labels.length === 0) throw new VultusError("There are no samples to score; give at least one.");
  for (let i = 0; i < labels.length; i++) {
    const value = labels[i] as number;
    if (!Number.isInteger(value) || value < 0 || value >= classCount) {
      throw new VultusError(
        `The ${noun} of sample ${i} is ${value}; with ${classCount} classes it must be an integer from 0 to ${classCount - 1}.`,
      );
    }
  }
}
