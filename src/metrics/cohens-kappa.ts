/** Cohen's kappa: the agreement of answers and labels beyond chance. */

import { margins } from "./confusion.ts";
import type { Metric } from "./metric.ts";

/** From -1 to 1 (Cohen 1960). 0 is the expected value for randomly permuted answers. */
export const kappa: Metric = {
  label: "Cohen's kappa",
  format: "decimal",
  higherIsBetter: true,
  judges: "answers",
  note: () => "0 is chance, 1 is perfect",
  compute({ matrix }) {
    const { n, right, labelled, answered } = margins(matrix);
    const chance = labelled.reduce((total, count, k) => total + count * (answered[k] as number), 0);
    return (n * right - chance) / (n * n - chance);
  },
};
