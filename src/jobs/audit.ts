/** Audits a data set: duplicates, leaks, near-duplicates, blank and damaged images, drift, and label errors on request. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Audit, auditDataset } from "../audit/audit.node.ts";
import type { Copies } from "../audit/copies.node.ts";
import { excludeText, exclusionsOf } from "../audit/exclude.ts";
import { auditLabels, type LabelAudit, labelNetwork } from "../audit/labels.node.ts";
import { type AuditSummary, summaryOf } from "../audit/summary.ts";
import { suspectsText } from "../audit/suspects.node.ts";
import type { Dataset } from "../data/dataset.ts";
import { auditPage } from "../report/audit-page.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { messageOf, UsageError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { makeOwnFolder } from "../util/own-folder.node.ts";
import { type DataOptions, type DataSource, openDataset } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";

/** Defaults of the search for label errors. */
export const labelDefaults = { model: "squeezenet1_1", folds: 5, seed: 0, memory: 1 } as const;

/** A search for label errors by a network that never saw the labels. */
export interface LabelSearch {
  /** The network's weights, such as ImageNet's: a `.safetensors`, `.pth` or `.onnx` file. */
  readonly weights: string;
  /** The backbone that the weights belong to. Default: squeezenet1_1. */
  readonly model?: string | undefined;
  /** Parts of the data, each judged by heads trained on the others. Default: 5. */
  readonly folds?: number | undefined;
  /** Seed of the folds and the heads. Default: 0. */
  readonly seed?: number | undefined;
  /** Gigabytes of decoded images. Default: 1. */
  readonly memory?: number | undefined;
}

export interface AuditOptions extends DeviceOptions, Omit<DataOptions, "exclude"> {
  readonly data: DataSource;
  /** Folder into which audit.html, audit.json, exclude.txt and, with `labels`, labels.csv are written. */
  readonly out?: string | undefined;
  /** Also look for label errors, which takes minutes. */
  readonly labels?: LabelSearch | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** Every group and fault by name, as in audit.json; `summary` contains the numbers that `--json` prints. */
export interface AuditResult extends Omit<Audit, "pictures" | "crossSplitPictures" | "balance"> {
  readonly summary: AuditSummary;
}

/**
 * Reads every image once, and again to judge labels. The data is not changed.
 *
 * @throws UsageError if `out` already holds files of an audit, or the weights were trained on the labels.
 */
export function audit(options: AuditOptions): Promise<AuditResult>;
export function audit(data: DataSource, options?: Omit<AuditOptions, "data">): Promise<AuditResult>;
export function audit(
  first: AuditOptions | DataSource,
  more?: Omit<AuditOptions, "data">,
): Promise<AuditResult> {
  const options = typeof first === "object" && "data" in first ? first : { ...more, data: first };
  return telling(options.onEvent, (teller) => audited(options, teller));
}

async function audited(options: AuditOptions, teller: Teller): Promise<AuditResult> {
  const files = options.out === undefined ? undefined : newFiles(options.out);
  const { classes: chosen, rename, notAClass, corrections } = options;
  const dataset = await openDataset(options.data, { classes: chosen, rename, notAClass, corrections });
  const judge = options.labels && labelJudge(dataset, options.labels, options, teller);
  const found = await auditDataset(dataset, teller.progress, judge);
  teller.unreadable(found.unreadable);
  const { sources, classes, fingerprint, notes, duplicates, nearDuplicates, faults, unreadable, labels } =
    found;
  const result = {
    ...{ sources, classes, fingerprint, notes, summary: summaryOf(found) },
    ...{ duplicates, nearDuplicates, faults, unreadable, ...(labels && { labels }) },
  };
  if (files) await writeFiles(files, found, result, dataset, teller);
  return result;
}

/** Fails on a wrong request before the long reading begins. */
function labelJudge(
  dataset: Dataset,
  { weights, ...search }: LabelSearch,
  options: DeviceOptions,
  teller: Teller,
): (copies: Copies) => Promise<LabelAudit> {
  const { model = labelDefaults.model, folds = labelDefaults.folds, seed = labelDefaults.seed } = search;
  const memoryBudget = (search.memory ?? labelDefaults.memory) * 1e9;
  const network = labelNetwork(model, weights, dataset);
  const { device, threads } = chooseDevice(options, teller.note);
  return async (copies) => {
    const engine = startEngine({ device, threads });
    try {
      return await auditLabels(engine, network, copies, { folds, seed, memoryBudget }, (stage, done, total) =>
        teller.progress(`judging labels: ${stage}`, done, total),
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
  readonly labels: string;
}

/** Protects a list that somebody has edited, and fails before the long reading if the folder cannot be written. */
function newFiles(dir: string): Files {
  const files = {
    audit: join(dir, "audit.json"),
    exclude: join(dir, "exclude.txt"),
    page: join(dir, "audit.html"),
    labels: join(dir, "labels.csv"),
  };
  const there = Object.values(files).find((path) => existsSync(path));
  if (there !== undefined)
    throw new UsageError(`${there} already exists and is not overwritten. Move it, or give another --out`);
  try {
    makeOwnFolder(dir);
  } catch (error) {
    throw new UsageError(`--out ${dir} cannot be created: ${messageOf(error)}. Give another folder`);
  }
  return files;
}

async function writeFiles(
  files: Files,
  found: Audit,
  result: AuditResult,
  dataset: Dataset,
  teller: Teller,
): Promise<void> {
  writeFileAtomic(files.audit, `${JSON.stringify(result, null, 2)}\n`);
  writeFileAtomic(
    files.exclude,
    excludeText(exclusionsOf(found.duplicates, found.faults.blank), found.labels?.suspects),
  );
  writeFileAtomic(files.page, await auditPage(found, dataset));
  if (found.labels) writeFileAtomic(files.labels, suspectsText(found.labels.suspects));
  teller.wrote(files.page, files.audit, files.exclude, ...(found.labels ? [files.labels] : []));
}
