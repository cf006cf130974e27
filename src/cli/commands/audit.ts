/** `vultus data audit`: duplicates, leaks, near-duplicates, blank and spoilt pictures, and shares that drift. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type Audit, auditDataset, type Copies } from "../../audit/audit.node.ts";
import { excludeText, exclusionsOf } from "../../audit/exclude.ts";
import { architectureFor, auditLabels, checkUnseen, type LabelAudit } from "../../audit/labels.node.ts";
import { faults } from "../../audit/quality.ts";
import { type AuditSummary, summaryOf } from "../../audit/summary.ts";
import type { Dataset } from "../../data/dataset.ts";
import { readDataset } from "../../data/read.node.ts";
import { describe } from "../../models/classifier.ts";
import { auditPage } from "../../report/audit-page.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { messageOf, UsageError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.node.ts";
import { loadWeights } from "../../weights/load.node.ts";
import { chooseDevice } from "../device.ts";
import { listOf, numberOf, type SetExitCode, withDevice } from "../options.ts";
import { clearLine, liveLine, percent, result, resultJson, say } from "../output.ts";

interface Options {
  readonly classes?: string[];
  readonly out?: string;
  readonly labels?: boolean;
  readonly weights?: string;
  readonly model: string;
  readonly folds: number;
  readonly seed: number;
  readonly device: string;
  readonly threads?: number;
  readonly memory: number;
  readonly json?: boolean;
}

export function auditCommand(setExitCode: SetExitCode): Command {
  return withDevice(new Command("audit"))
    .description(
      "duplicates, leaks between splits, near-duplicates, blank and spoilt pictures, class balance",
    )
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .option("--classes <a,b,…>", "classes to use, in this order (default: all that are found)", listOf)
    .option(
      "--out <dir>",
      "also write audit.html (to look at), audit.json (every group) and exclude.txt (pictures to leave out) there",
    )
    .option("--labels", "also look for label errors, with a network that never saw the labels: takes minutes")
    .option(
      "--weights <file>",
      "for --labels: the network's weights (.safetensors, .pth or .onnx), such as ImageNet's",
    )
    .option("--model <name>", "for --labels: the backbone that the weights belong to", "squeezenet1_1")
    .option(
      "--folds <n>",
      "for --labels: parts of the data, each judged by heads trained on the others",
      numberOf(2, 100, true),
      5,
    )
    .option("--seed <n>", "for --labels: seed of the folds and the heads", numberOf(0, 2 ** 31, true), 0)
    .option("--memory <GB>", "for --labels: memory for decoded pictures", numberOf(0.01, 1000), 1)
    .option("--json", "print JSON")
    .action(async (data: string[], options: Options) => {
      const files = options.out === undefined ? undefined : newFiles(options.out);
      const dataset = await readDataset(data, options.classes ? { classes: options.classes } : {});
      const judge = options.labels ? labelJudge(dataset, options) : undefined;
      const progress = (stage: string, done: number, total: number): void =>
        liveLine(`${stage} ${done} of ${total}`);
      const audit = await auditDataset(dataset, progress, judge);
      clearLine();
      if (audit.unreadable.length > 0) setExitCode(1);
      const summary = summaryOf(audit);
      if (options.json) resultJson(summary);
      else result(auditText(audit, summary));
      if (files) await writeFiles(files, audit, summary, dataset);
    });
}

/** What is wrong with the request is said before the long reading. */
function labelJudge(dataset: Dataset, options: Options): (copies: Copies) => Promise<LabelAudit> {
  const { weights, model, folds, seed, memory } = options;
  if (weights === undefined)
    throw new UsageError(
      "--labels needs --weights: a file with weights of --model that never saw these labels, such as ImageNet's",
    );
  checkUnseen(weights, dataset.fingerprint);
  const architecture = architectureFor(model, dataset.classes);
  loadWeights(weights, architecture, describe(architecture));
  const { device, threads } = chooseDevice(options);
  return async (copies) => {
    const engine = startEngine({ device, threads });
    try {
      return await auditLabels(
        engine,
        dataset,
        copies,
        { model, weights, folds, seed, memoryBudget: memory * 1e9 },
        (stage, done, total) => liveLine(`${stage}: ${done} of ${total}`),
      );
    } finally {
      await engine.close();
    }
  };
}

interface Files {
  readonly audit: string;
  readonly exclude: string;
  readonly page: string;
}

/** A list that somebody has edited must not be lost, and a long reading not end in "cannot write". */
function newFiles(dir: string): Files {
  const files = {
    audit: join(dir, "audit.json"),
    exclude: join(dir, "exclude.txt"),
    page: join(dir, "audit.html"),
  };
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

async function writeFiles(
  files: Files,
  audit: Audit,
  summary: AuditSummary,
  dataset: Dataset,
): Promise<void> {
  const { sources, classes, fingerprint, notes, duplicates, nearDuplicates, unreadable } = audit;
  const groups = { duplicates, nearDuplicates, faults: audit.faults, unreadable };
  const document = { sources, classes, fingerprint, notes, summary, ...groups, labels: audit.labels };
  writeFileAtomic(files.audit, `${JSON.stringify(document, null, 2)}\n`);
  writeFileAtomic(
    files.exclude,
    excludeText(exclusionsOf(duplicates, audit.faults.blank), audit.labels?.suspects),
  );
  writeFileAtomic(files.page, await auditPage(audit, dataset));
  say(`wrote ${files.page}, ${files.audit} and ${files.exclude}`);
}

/** Lines of unreadable pictures shown; audit.json has them all. */
const LISTED = 10;

function auditText({ classes, unreadable, notes, labels }: Audit, summary: AuditSummary): string {
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
