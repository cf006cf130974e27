/** The type of a metric: one number that measures a classifier's answers. `registry.ts` lists all metrics. */

import type { ConfusionMatrix } from "./confusion.ts";

/** A classifier's answers for N labelled images. */
export interface Answers {
  /** The class index of each image. */
  readonly labels: ArrayLike<number>;
  /** The predicted class of each image. */
  readonly predicted: ArrayLike<number>;
  /** Rows [N, classCount]: the model's, or cross-fitted if its temperature was fitted on these same images. */
  readonly probabilities: ArrayLike<number>;
  readonly classCount: number;
  /** The confusion matrix of `labels` and `predicted`. */
  readonly matrix: ConfusionMatrix;
}

export interface Metric {
  /** Name in lists, in lower case. */
  readonly label: string;
  /** A share from 0 to 1 shown as a percentage, or any number. */
  readonly format: "percent" | "decimal";
  readonly higherIsBetter: boolean;
  /** The input of the metric: the predicted classes, or the probabilities, which also depend on the temperature. */
  readonly judges: "answers" | "probabilities";
  /** Returns a short reading aid. */
  note?(classCount: number): string;
  /** Returns a finite number, or NaN if the metric is undefined because labels and answers are all of one class. */
  compute(answers: Answers): number;
}
