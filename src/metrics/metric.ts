/** What a metric is: one number that says how good a classifier's answers are. `registry.ts` lists them. */

import type { ConfusionMatrix } from "./confusion.ts";

/** A classifier's answers for N labelled images. */
export interface Answers {
  /** The class of each image, an index. */
  readonly labels: ArrayLike<number>;
  /** The class that was answered. */
  readonly predicted: ArrayLike<number>;
  /** Rows [N, classCount]: the model's, or cross-fitted where its temperature was fitted on these very images. */
  readonly probabilities: ArrayLike<number>;
  readonly classCount: number;
  /** Of `labels` and `predicted`. */
  readonly matrix: ConfusionMatrix;
}

export interface Metric {
  /** As lists call it, without a capital. */
  readonly label: string;
  /** A share from 0 to 1 that is written as a percentage, or any number. */
  readonly format: "percent" | "decimal";
  readonly higherIsBetter: boolean;
  /** What it looks at: which class is more probable, or how probable, which also depends on the temperature. */
  readonly judges: "answers" | "probabilities";
  /** A few words on how to read it. */
  note?(classCount: number): string;
  /** Finite, or NaN where labels and answers are all of one class and the metric is undefined there. */
  compute(answers: Answers): number;
}
