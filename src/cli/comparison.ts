/** A comparison as text and as JSON. */

import type { Comparison } from "../evaluate/compare.node.ts";
import { percent } from "./output.ts";

/** Differences that chance alone gives this rarely count as more than chance. */
const SIGNIFICANT = 0.05;

/** Accuracies, their difference, what changed per class, and what to make of it. */
export function comparisonText(comparison: Comparison, split: string): string {
  const { n, accuracyA, accuracyB, difference, interval, mcnemarP, classes, a, b } = comparison;
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
    ...classes.map((name, k) => {
      const [recallA, recallB] = [a.recall[k] as number, b.recall[k] as number];
      return `${name.padEnd(width)}  ${percent(recallA).padStart(8)} ${percent(recallB).padStart(8)}  ${signed(recallB - recallA).padStart(12)}`;
    }),
    "",
    verdict(comparison),
  ].join("\n");
}

export function comparisonJson(comparison: Comparison, split: string) {
  const { n, accuracyA, accuracyB, difference, interval, mcnemarP, onlyA, onlyB } = comparison;
  const { bothRight, bothWrong, classes, a, b } = comparison;
  return {
    n,
    split,
    accuracyA,
    accuracyB,
    difference,
    interval,
    mcnemarP,
    onlyA,
    onlyB,
    bothRight,
    bothWrong,
    classes,
    recall: Object.fromEntries(
      classes.map((name, k) => {
        const [recallA, recallB] = [a.recall[k] as number, b.recall[k] as number];
        return [name, { a: recallA, b: recallB, change: recallB - recallA }];
      }),
    ),
    verdict: verdict(comparison),
  };
}

/** One sentence: whether the difference is more than chance. */
export function verdict({ difference, mcnemarP, onlyA, onlyB, n }: Comparison): string {
  const better = difference > 0 ? "B" : "A";
  const p = `McNemar's p ${mcnemarP < 0.0001 ? "" : "= "}${pText(mcnemarP)}`;
  if (onlyA + onlyB === 0)
    return `A and B are right on the same pictures: nothing tells them apart on these ${n}.`;
  if (mcnemarP < SIGNIFICANT)
    return `${better} is better by ${points(Math.abs(difference))}, which is more than chance would give (${p}).`;
  return `The difference of ${points(Math.abs(difference))} is no more than chance would give (${p}): ${n} pictures cannot tell A and B apart.`;
}

/** A difference of shares in percentage points. */
function points(share: number): string {
  return `${(share * 100).toFixed(1)} points`;
}

function signed(share: number): string {
  return `${share < 0 ? "" : "+"}${points(share)}`;
}

function pText(p: number): string {
  return p < 0.0001 ? "< 0.0001" : p.toFixed(4);
}
