/** Matthews' correlation coefficient of labels and answers, for any number of classes. */

import { margins } from "./confusion.ts";
import type { Metric } from "./metric.ts";

/** From -1 to 1 (Gorodkin 2004). 0 if the labels or the answers are all of one class, as in scikit-learn. */
export const mcc: Metric = {
  label: "MCC",
  format: "decimal",
  higherIsBetter: true,
  judges: "answers",
  note: () => "Matthews' correlation: 0 is chance, 1 is perfect",
  compute({ matrix }) {
    const { n, right, labelled, answered } = margins(matrix);
    const products = (a: readonly number[], b: readonly number[]): number =>
      a.reduce((total, value, k) => total + value * (b[k] as number), 0);
    const spread = (n * n - products(labelled, labelled)) * (n * n - products(answered, answered));
    return spread === 0 ? 0 : (n * right - products(labelled, answered)) / Math.sqrt(spread);
  },
};
