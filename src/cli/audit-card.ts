/** The end card of an audit. */

import { join } from "node:path";
import { exclusionsOf } from "../audit/exclude.ts";
import { isConflicting } from "../audit/groups.ts";
import type { AuditResult } from "../jobs/audit.ts";
import type { EndCard } from "./end-card.ts";
import { command } from "./invocation.ts";
import { percent } from "./output.ts";

/** What was audited, as given to the command. */
export interface Audited {
  readonly data: readonly string[];
  readonly classes?: readonly string[] | undefined;
  /** The folder with the report and the list; undefined if none was written. */
  readonly out?: string | undefined;
}

/** The result of an audit. It read every image, so its counts have no interval. */
export function auditCard(audit: AuditResult, audited: Audited): EndCard {
  const { summary, duplicates, faults, labels } = audit;
  const excluded = exclusionsOf(duplicates, faults.blank).reduce((sum, { ids }) => sum + ids.length, 0);
  const all = summary.pictures.toLocaleString("en");
  return {
    headline: [
      "to leave out",
      `${excluded.toLocaleString("en")} of ${all} images (${percent(excluded / summary.pictures)}): copies, contradictory labels, blanks`,
    ],
    details: [
      ["leaks", leaksText(audit)],
      ["most confused", confusedText(audit)],
    ],
    ...(audited.out === undefined ? {} : { report: join(audited.out, "audit.html") }),
    next: nextCommands(audited, excluded > 0, labels?.suspects.length ?? 0),
  };
}

/** The worst leak between splits, and its effect on scores. */
function leaksText({ summary }: AuditResult): string {
  const [worst] = Object.entries(summary.crossSplitPictures).toSorted(([, a], [, b]) => b - a);
  if (!worst || worst[1] === 0) return "no image is in two splits";
  const [where, count] = worst;
  const [split, other] = where.split(" in ");
  const images =
    count === 1 ? `1 image of ${split} is` : `${count.toLocaleString("en")} images of ${split} are`;
  return `${images} also in ${other}, so scores are too high`;
}

/** The pair of labels that one image has most often, or that the search for label errors would swap most often. */
function confusedText({ duplicates, nearDuplicates, labels }: AuditResult): string {
  const counts = new Map<string, number>();
  const count = (pair: readonly string[]): void => {
    const key = pair.toSorted().join(" and ");
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (const group of [...duplicates, ...nearDuplicates].filter(isConflicting))
    for (const [i, first] of group.labels.entries())
      for (const second of group.labels.slice(i + 1)) count([first, second]);
  for (const { given, suggested } of labels?.suspects ?? []) count([given, suggested]);
  const [worst] = [...counts].toSorted(([, a], [, b]) => b - a);
  if (!worst) return "no image has two labels";
  const [pair, times] = worst;
  return `labels ${pair}: ${times === 1 ? "1 doubtful case" : `${times.toLocaleString("en")} doubtful cases`}`;
}

function nextCommands({ data, classes, out }: Audited, excludes: boolean, suspects: number): string[] {
  const chosen = classes ? ["--classes", classes.join(",")] : [];
  const exclude = excludes && out !== undefined ? ["--exclude", join(out, "exclude.txt")] : [];
  const commands = [
    ...(out === undefined ? [["data", "audit", ...data, ...chosen, "--out", "audited"]] : []),
    ...(suspects > 0 && out !== undefined
      ? [["review", ...data, "--suspects", join(out, "labels.csv")]]
      : []),
    ["data", "split", ...data, ...chosen, ...exclude, "--out", "split.csv"],
    ["train", ...data, ...chosen, ...exclude],
    ["data", "inspect", ...data, ...chosen],
  ];
  return commands.slice(0, 3).map((args) => command(...args));
}
