/** The metrics of an evaluation in words, for pages and cards. */

import type { Metric } from "../metrics/metric.ts";
import { type MetricName, metricEntries } from "../metrics/registry.ts";
import { decimals, percents, range } from "./html.ts";
import type { EvaluationRecord } from "./run-record.ts";

export interface MetricText {
  readonly key: MetricName;
  /** Capitalised. */
  readonly name: string;
  readonly value: string;
  /** Its interval, and how to read it. */
  readonly details: readonly string[];
}

/** Returns the metrics of the evaluation; runs of older versions lack some. */
export function metricTexts(
  evaluation: EvaluationRecord,
  judges: readonly Metric["judges"][] = ["answers", "probabilities"],
): MetricText[] {
  const { classes, calibration } = evaluation;
  const intervals: Partial<Record<MetricName, [number, number]>> = evaluation.intervals ?? {};
  return metricEntries.flatMap(([key, metric]) => {
    const value = evaluation[key];
    if (value === undefined || !judges.includes(metric.judges)) return [];
    const [percent, interval] = [metric.format === "percent", intervals[key]];
    const within =
      interval && (percent ? range(interval) : interval.map((end) => decimals(end)).join(" to "));
    return {
      key,
      name: metric.label.charAt(0).toUpperCase() + metric.label.slice(1),
      value: percent ? percents(value) : decimals(value),
      details: [
        ...(within ? [`95 % interval ${within}`] : []),
        ...(metric.judges === "probabilities" && calibration?.fittedHere ? ["cross-fitted"] : []),
        ...(metric.higherIsBetter ? [] : ["lower is better"]),
        ...(metric.note ? [metric.note(classes.length)] : []),
      ],
    };
  });
}
