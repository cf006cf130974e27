/** Precision, recall, F1 and their averages from a confusion matrix, with scikit-learn's definitions. */

import { VultusError } from "../util/errors.ts";
import { type ConfusionMatrix, margins, sum } from "./confusion.ts";
import type { Metric } from "./metric.ts";

/** Shares from 0 to 1; 0 if the denominator is zero (scikit-learn's `zero_division=0`). */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Number of samples of this class; for an average, of all classes. */
  readonly support: number;
}

export interface ScoreSummary {
  /** Number of scored samples. */
  readonly n: number;
  readonly accuracy: number;
  /** Mean recall of the classes that occur among the labels. */
  readonly balancedAccuracy: number;
  /** One per class, in class order. */
  readonly perClass: readonly Scores[];
  /** Unweighted mean over all classes; a class without samples counts as 0. */
  readonly macro: Scores;
  /** Mean weighted by support. */
  readonly weighted: Scores;
}

/** Computes every score of a confusion matrix. Throws if the matrix is empty. */
export function summarize(matrix: ConfusionMatrix): ScoreSummary {
  const { n, right, labelled, answered } = margins(matrix);
  if (n === 0) throw new VultusError("The confusion matrix is empty; score at least one sample.");
  const perClass = labelled.map((support, k): Scores => {
    const hits = matrix[k]?.[k] as number;
    const precision = share(hits, answered[k] as number);
    const recall = share(hits, support);
    return { precision, recall, f1: f1(precision, recall), support };
  });
  const present = perClass.filter(({ support }) => support > 0);
  const average = (weigh: (scores: Scores) => number): Scores => {
    const total = sum(perClass.map(weigh));
    const mean = (key: keyof Scores): number => sum(perClass.map((s) => s[key] * weigh(s))) / total;
    return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1"), support: n };
  };
  return {
    n,
    accuracy: right / n,
    balancedAccuracy: sum(present.map(({ recall }) => recall)) / present.length,
    perClass,
    macro: average(() => 1),
    weighted: average(({ support }) => support),
  };
}

export const balancedAccuracy: Metric = {
  label: "balanced accuracy",
  format: "percent",
  higherIsBetter: true,
  judges: "answers",
  compute: ({ matrix }) => summarize(matrix).balancedAccuracy,
};

export const macroF1: Metric = {
  label: "macro F1",
  format: "decimal",
  higherIsBetter: true,
  judges: "answers",
  compute: ({ matrix }) => summarize(matrix).macro.f1,
};

export const weightedF1: Metric = {
  label: "weighted F1",
  format: "decimal",
  higherIsBetter: true,
  judges: "answers",
  compute: ({ matrix }) => summarize(matrix).weighted.f1,
};

/** Harmonic mean of precision and recall. */
export function f1(precision: number, recall: number): number {
  return share(2 * precision * recall, precision + recall);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
