/** `vultus data audit`: duplicates, leaks, near-duplicates, blank and spoilt pictures, and shares that drift. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type Audit, auditDataset } from "../../audit/audit.node.ts";
import { excludeText, exclusionsOf } from "../../audit/exclude.ts";
import { faults } from "../../audit/quality.ts";
import { type AuditSummary, summaryOf } from "../../audit/summary.ts";
import { readDataset } from "../../data/read.node.ts";
import { messageOf, UsageError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.node.ts";
import { listOf, type SetExitCode } from "../options.ts";
import { clearLine, liveLine, percent, result, resultJson, say } from "../output.ts";

interface Options {
  readonly classes?: string[];
  readonly out?: string;
  readonly json?: boolean;
}

export function auditCommand(setExitCode: SetExitCode): Command {
  return new Command("audit")
    .description(
      "duplicates, leaks between splits, near-duplicates, blank and spoilt pictures, class balance",
    )
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .option("--classes <a,b,…>", "classes to use, in this order (default: all that are found)", listOf)
    .option(
      "--out <dir>",
      "also write audit.json (every group) and exclude.txt (pictures to leave out) there",
    )
    .option("--json", "print JSON")
    .action(async (data: string[], options: Options) => {
      const files = options.out === undefined ? undefined : newFiles(options.out);
      const dataset = await readDataset(data, options.classes ? { classes: options.classes } : {});
      const audit = await auditDataset(dataset, (stage, done, total) =>
        liveLine(`${stage} ${done} of ${total}`),
      );
      clearLine();
      if (audit.unreadable.length > 0) setExitCode(1);
      const summary = summaryOf(audit);
      if (options.json) resultJson(summary);
      else result(auditText(audit, summary));
      if (files) writeFiles(files, audit, summary);
    });
}

interface Files {
  readonly audit: string;
  readonly exclude: string;
}

/** A list that somebody has edited must not be lost, and a long reading not end in "cannot write". */
function newFiles(dir: string): Files {
  const files = { audit: join(dir, "audit.json"), exclude: join(dir, "exclude.txt") };
  const there = Object.values(files).find((path) => existsSync(path));
  if (there !== undefined)
    throw new UsageError(`${there} is already there and is not overwritten. Move it, or give another --out`);
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out ${dir} cannot be made a folder: ${messageOf(error)}. Give another one`);
  }
  return files;
}

function writeFiles(files: Files, audit: Audit, summary: AuditSummary): void {
  const { sources, classes, fingerprint, notes, duplicates, nearDuplicates, unreadable } = audit;
  const groups = { duplicates, nearDuplicates, faults: audit.faults, unreadable };
  const document = { sources, classes, fingerprint, notes, summary, ...groups };
  writeFileAtomic(files.audit, `${JSON.stringify(document, null, 2)}\n`);
  writeFileAtomic(files.exclude, excludeText(exclusionsOf(duplicates, audit.faults.blank)));
  say(`wrote ${files.audit} and ${files.exclude}`);
}

/** Lines of unreadable pictures shown; audit.json has them all. */
const LISTED = 10;

function auditText({ classes, unreadable, notes }: Audit, summary: AuditSummary): string {
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
    ...balanceLines(classes, summary),
    ...notes,
  ].join("\n");
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
