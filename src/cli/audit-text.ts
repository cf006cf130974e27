/** An audit as text. */

import type { LabelAudit } from "../audit/labels.node.ts";
import { faults } from "../audit/quality.ts";
import type { AuditSummary } from "../audit/summary.ts";
import type { AuditResult } from "../jobs/audit.ts";
import { percent } from "./output.ts";

/** Maximum number of images listed; audit.json has them all. */
const LISTED = 10;
const NAME_WIDTH = 38;

/** What an audit found, one line per finding. Faults that did not occur share one line. The groups themselves are in audit.json. */
export function auditText({ classes, unreadable, notes, labels, summary }: AuditResult): string {
  const counts: [name: string, count: number, within?: boolean][] = [
    ["groups of pixel-identical images", summary.duplicateGroups],
    ["images in them beyond the first", summary.redundantPictures, true],
    ["groups whose labels disagree", summary.conflictingGroups, true],
    ...Object.entries(summary.crossSplitPictures).map(([where, count]): [string, number, boolean] => [
      where,
      count,
      true,
    ]),
    ["groups of near-duplicates", summary.nearDuplicateGroups],
    ["groups whose labels disagree", summary.nearConflictingGroups, true],
    ["groups in more than one split", summary.nearCrossSplitGroups, true],
    ...faults.map((fault): [string, number] => [fault, summary[fault]]),
    ["unreadable", summary.unreadable],
  ];
  const absent = counts.filter(([, count, within]) => count === 0 && !within).map(([name]) => name);
  return [
    line("images", summary.pictures),
    ...counts
      .filter(([, count]) => count > 0)
      .map(([name, count, within]) => line(`${within ? "  " : ""}${name}`, count)),
    ...(absent.length > 0 ? [line("none", absent.join(", "))] : []),
    ...unreadable.slice(0, LISTED).map(({ id, reason }) => `  ${id}: ${reason}`),
    ...(unreadable.length > LISTED ? [`  … and ${unreadable.length - LISTED} more`] : []),
    "",
    ...(labels ? labelLines(labels) : []),
    ...balanceLines(classes, summary),
    ...notes,
  ].join("\n");
}

function line(name: string, value: number | string): string {
  return `${name.padEnd(NAME_WIDTH)}${value}`;
}

function labelLines({ suspects, accuracy, folds, notes }: LabelAudit): string[] {
  const first = suspects.slice(0, LISTED);
  const width = Math.max(0, ...first.map(({ id }) => id.length));
  return [
    line("suspected label errors", suspects.length),
    `  by heads with ${percent(accuracy)} accuracy on the folds that they were not trained on (${folds} folds)`,
    ...first.map(({ id, given, suggested }) => `  ${id.padEnd(width)}  ${given}, probably ${suggested}`),
    ...(suspects.length > LISTED ? [`  … and ${suspects.length - LISTED} more`] : []),
    ...notes,
    "",
  ];
}

function balanceLines(classes: readonly string[], { balance }: AuditSummary): string[] {
  const width = Math.max(5, ...classes.map((name) => name.length)) + 2;
  const used = Object.entries(balance.shares);
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(12)).join("")}`;
  return [
    row(
      "class",
      used.map(([split]) => split),
    ),
    ...classes.map((name, label) =>
      row(
        name,
        used.map(([, shares]) => percent(shares[label] ?? 0)),
      ),
    ),
    ...balance.drift.map((drift) => {
      const { className, difference } = drift.largestDifference;
      return (
        `${drift.split} against ${drift.against}: the class distributions differ by ${percent(drift.totalVariation)} (total variation distance), ` +
        `most of all in ${className} (${difference < 0 ? "-" : "+"}${percent(Math.abs(difference))}); ` +
        `chi-squared ${drift.chiSquared.toFixed(1)}, 95 % critical value ${drift.chiSquared95.toFixed(1)}`
      );
    }),
  ];
}
