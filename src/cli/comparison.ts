/** A comparison as text. */

import { type ComparedNumbers, type ComparisonResult, pText } from "../jobs/comparison-result.ts";
import type { Metric } from "../metrics/metric.ts";
import { type MetricName, metrics } from "../metrics/registry.ts";
import { metricText, percent } from "./output.ts";

/** Accuracies, their difference, what changed by metric and class, and what to make of it. */
export function comparisonText(comparison: ComparisonResult): string {
  const { n, split, accuracyA, accuracyB, difference, interval, mcnemarP, recall, verdict } = comparison;
  const { bothRight, bothWrong, onlyA, onlyB } = comparison;
  const [low, high] = interval;
  const rows = [
    ["", "A", "B", "change"],
    ...Object.entries(comparison.metrics).map(([name, numbers]) => row(metrics[name as MetricName], numbers)),
    ...Object.entries(recall).map(([name, numbers]) =>
      row({ label: `recall of ${name}`, format: "percent" }, numbers),
    ),
  ];
  const width = Math.max(...rows.map(([label = ""]) => label.length));
  const counted = String(Math.max(bothRight, bothWrong, onlyA, onlyB)).length;
  const count = (label: string, value: number): string =>
    `${label.padEnd(17)}${String(value).padStart(counted)}  (${percent(value / n)})`;
  return [
    `accuracy of A    ${percent(accuracyA)}  on ${n} pictures (${split})`,
    `accuracy of B    ${percent(accuracyB)}`,
    `B minus A        ${signed(difference)}  (95 % interval ${signed(low)} to ${signed(high)})`,
    `McNemar's p      ${pText(mcnemarP)}`,
    "",
    count("both right", bothRight),
    count("only A right", onlyA),
    count("only B right", onlyB),
    count("both wrong", bothWrong),
    "",
    ...rows.map(
      ([label = "", a = "", b = "", change = ""]) =>
        `${label.padEnd(width)}  ${a.padStart(8)} ${b.padStart(8)}  ${change.padStart(12)}`,
    ),
    "",
    verdict,
  ].join("\n");
}

function row(metric: Pick<Metric, "label" | "format">, { a, b, change }: ComparedNumbers): string[] {
  const points =
    metric.format === "percent" ? signed(change) : `${change < 0 ? "" : "+"}${change.toFixed(4)}`;
  const difference = Number.isNaN(change) ? "–" : points;
  return [metric.label, metricText(metric, a), metricText(metric, b), difference];
}

/** A difference of shares in percentage points. */
function signed(share: number): string {
  return `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)} points`;
}
