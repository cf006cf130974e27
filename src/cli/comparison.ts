/** A comparison as text. */

import {
  type ComparedNumbers,
  type ComparedPeople,
  type ComparisonResult,
  pText,
} from "../jobs/comparison-result.ts";
import type { Metric } from "../metrics/metric.ts";
import { type MetricName, metrics } from "../metrics/registry.ts";
import { metricText, percent } from "./output.ts";

/** Accuracies, their difference, the change of each metric and class, and the verdict. */
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
    `accuracy of A    ${percent(accuracyA)}  on ${n} images (${split})`,
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
    ...(comparison.people ? ["", ...peopleLines(comparison.people)] : []),
  ].join("\n");
}

/** Compares both with people's votes. */
function peopleLines(people: ComparedPeople): string[] {
  const { n, agreementA, agreementB, difference, interval, mcnemarP, voteShare, onePerson, verdict } = people;
  const percents = ([low, high]: readonly [number, number]): string => `${signed(low)} to ${signed(high)}`;
  return [
    `agreement with people  A ${percent(agreementA)}, B ${percent(agreementB)} of ${n} images with a plurality`,
    `B minus A              ${signed(difference)}  (95 % interval ${percents(interval)}), McNemar's p ${pText(mcnemarP)}`,
    ...Object.entries(people.perClass).map(
      ([name, { a, b, change }]) => `  on ${name}: A ${percent(a)}, B ${percent(b)}, ${signed(change)}`,
    ),
    `share of the votes     A ${percent(voteShare.a)}, B ${percent(voteShare.b)}, ${signed(voteShare.change)}  (95 % interval ${percents(voteShare.interval)})`,
    ...(onePerson ? [`one person             ${percent(onePerson.value)} agreement with the others`] : []),
    "",
    verdict,
    `A: ${people.verdictA}`,
    `B: ${people.verdictB}`,
  ];
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
