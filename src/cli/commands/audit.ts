/** `vultus data audit`: duplicates, leaks, near-duplicates, blank and spoilt pictures, and shares that drift. */

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type Audit, auditDataset } from "../../audit/audit.node.ts";
import type { Copies } from "../../audit/copies.node.ts";
import { excludeText, exclusionsOf } from "../../audit/exclude.ts";
import { auditLabels, type LabelAudit, labelNetwork } from "../../audit/labels.node.ts";
import { type AuditSummary, summaryOf } from "../../audit/summary.ts";
import type { Dataset } from "../../data/dataset.ts";
import { readDataset } from "../../data/read.node.ts";
import { auditPage } from "../../report/audit-page.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { messageOf, UsageError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.node.ts";
import { auditText } from "../audit-text.ts";
import { chooseDevice } from "../device.ts";
import { listOf, numberOf, type SetExitCode, withDevice } from "../options.ts";
import { clearLine, liveLine, result, resultJson, say } from "../output.ts";

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
      const dataset = await readDataset(data, { classes: options.classes });
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
  const network = labelNetwork(model, weights, dataset);
  const { device, threads } = chooseDevice(options);
  return async (copies) => {
    const engine = startEngine({ device, threads });
    try {
      return await auditLabels(
        engine,
        network,
        copies,
        { folds, seed, memoryBudget: memory * 1e9 },
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
