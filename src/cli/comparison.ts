/** A comparison as text. */

import { type ComparisonResult, pText } from "../jobs/comparison-result.ts";
import { percent } from "./output.ts";

/** Accuracies, their difference, what changed per class, and what to make of it. */
export function comparisonText(comparison: ComparisonResult): string {
  const { n, split, accuracyA, accuracyB, difference, interval, mcnemarP, classes, recall, verdict } =
    comparison;
  const { bothRight, bothWrong, onlyA, onlyB } = comparison;
  const [low, high] = interval;
  const width = Math.max(...classes.map((name) => name.length));
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
    `${"recall".padEnd(width)}         A        B        change`,
    ...Object.entries(recall).map(
      ([name, { a, b, change }]) =>
        `${name.padEnd(width)}  ${percent(a).padStart(8)} ${percent(b).padStart(8)}  ${signed(change).padStart(12)}`,
    ),
    "",
    verdict,
  ].join("\n");
}

/** A difference of shares in percentage points. */
function signed(share: number): string {
  return `${share < 0 ? "" : "+"}${(share * 100).toFixed(1)} points`;
}
