/** All metrics by their JSON names. To add one, add a line here. */

import { brier } from "./brier.ts";
import { ece } from "./calibration.ts";
import { kappa } from "./cohens-kappa.ts";
import { nll } from "./likelihood.ts";
import { mcc } from "./matthews.ts";
import type { Answers, Metric } from "./metric.ts";
import { balancedAccuracy, macroF1, weightedF1 } from "./scores.ts";
import { top2 } from "./top-k.ts";

export const metrics = {
  balancedAccuracy,
  macroF1,
  weightedF1,
  kappa,
  mcc,
  top2,
  nll,
  brier,
  ece,
} satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;
export type Metrics = Readonly<Record<MetricName, number>>;

export const metricEntries = Object.entries(metrics) as readonly [MetricName, Metric][];

/** Maps every metric through `of`, into an object with the metrics' names as keys. */
export function eachMetric<T>(of: (name: MetricName, metric: Metric) => T): Record<MetricName, T> {
  return Object.fromEntries(metricEntries.map(([name, metric]) => [name, of(name, metric)])) as Record<
    MetricName,
    T
  >;
}

export function measure(answers: Answers): Metrics {
  return eachMetric((_, metric) => metric.compute(answers));
}
