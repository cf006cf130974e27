/** An audit as text. */

import type { LabelAudit } from "../audit/labels.node.ts";
import { faults } from "../audit/quality.ts";
import type { AuditSummary } from "../audit/summary.ts";
import type { AuditResult } from "../jobs/audit.ts";
import { percent } from "./output.ts";

/** Lines of unreadable pictures shown; audit.json has them all. */
const LISTED = 10;

/** What an audit found, line by line; the groups themselves are in audit.json. */
export function auditText({ classes, unreadable, notes, labels, summary }: AuditResult): string {
  const line = (name: string, value: number | string): string => `${name.padEnd(44)}${value}`;
  const leaks = Object.entries(summary.crossSplitPictures);
  return [
    line("pictures", summary.pictures),
    "",
    line("groups of pixel-identical pictures", summary.duplicateGroups),
    line("  pictures in them beyond the first", summary.redundantPictures),
    line("  groups whose labels disagree", summary.conflictingGroups),
    ...leaks.map(([where, count]) => line(`  ${where}`, count)),
    "",
    line("groups of near-duplicates", summary.nearDuplicateGroups),
    line("  groups whose labels disagree", summary.nearConflictingGroups),
    line("  groups on more than one split", summary.nearCrossSplitGroups),
    "",
    ...faults.map((fault) => line(fault, summary[fault])),
    line("unreadable", summary.unreadable),
    ...unreadable.slice(0, LISTED).map(({ id, reason }) => `  ${id}: ${reason}`),
    ...(unreadable.length > LISTED ? [`  … and ${unreadable.length - LISTED} more`] : []),
    "",
    ...(labels ? labelLines(labels) : []),
    ...balanceLines(classes, summary),
    ...notes,
  ].join("\n");
}

function labelLines({ suspects, accuracy, folds, notes }: LabelAudit): string[] {
  const first = suspects.slice(0, LISTED);
  const width = Math.max(0, ...first.map(({ id }) => id.length));
  return [
    `${"suspected label errors".padEnd(44)}${suspects.length}`,
    `  by heads that are right ${percent(accuracy)} of the time on the ${folds} folds that they were not trained on`,
    ...first.map(({ id, given, suggested }) => `  ${id.padEnd(width)}  ${given}, rather ${suggested}`),
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
        `${drift.split} against ${drift.against}: ${percent(drift.totalVariation)} of the pictures would have to change ` +
        `class for equal shares, most of all ${className} (${difference < 0 ? "-" : "+"}${percent(Math.abs(difference))}); ` +
        `chi-squared ${drift.chiSquared.toFixed(1)}, by chance below ${drift.chiSquared95.toFixed(1)} in 19 of 20 cases`
      );
    }),
  ];
}
