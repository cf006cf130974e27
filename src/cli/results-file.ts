/** A file of predictions that grows during a long run, and that a later run can continue. */

import { createReadStream, existsSync, truncateSync } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";
import { cutTornLine } from "../formats/json-lines.node.ts";
import { priorText } from "../metrics/prior.ts";
import type { Prediction } from "../predict/prediction.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import { appendLine, readFirstLine } from "../util/files.node.ts";
import { option } from "../util/spelling.ts";
import { csvFormat, jsonLinesFormat, type PredictionFormat } from "./predictions.ts";

export interface ResultsFile {
  readonly format: PredictionFormat;
  /** Names of the photos that it already holds, each with its status. */
  readonly done: ReadonlyMap<string, string>;
  append(lines: readonly string[]): void;
}

/** Returns the format of a results file from its name. @throws UsageError for other file extensions. */
export function formOfFile(path: string): "csv" | "jsonl" {
  if (/\.csv$/i.test(path)) return "csv";
  if (/\.jsonl$/i.test(path)) return "jsonl";
  throw new UsageError(`--out ${path}: its name must end in .jsonl or .csv`);
}

export interface ResultsOptions {
  readonly classes: readonly string[];
  readonly resume: boolean;
  /** As in predictions: by class, and left out if it is the trained prior. */
  readonly prior: Prediction["prior"];
}

/**
 * Opens `path`, which is created when the first prediction comes. With `resume` it is continued: an incomplete row at its end
 * is cut off, and in CSV the last photo, which may lack faces, is done again.
 *
 * @throws UsageError for a file that exists and is not to be continued, or whose rows have other classes or, in JSON lines, which
 * record it, another prior; FormatError for a file that is not a results file.
 */
export async function openResults(
  path: string,
  { classes, resume, prior }: ResultsOptions,
): Promise<ResultsFile> {
  const isCsv = formOfFile(path) === "csv";
  const format = isCsv ? csvFormat(classes) : jsonLinesFormat;
  let head = format.head;
  const append = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    appendLine(path, [...head, ...lines].join("\n"));
    head = [];
  };
  if (!existsSync(path)) return { format, done: new Map(), append };
  if (!resume)
    throw new UsageError(`${path} already exists; continue it with --resume, or give another name`);
  cutTornLine(path);
  const done = isCsv ? await filesOfCsv(path, format.head[0] as string) : await filesOfJsonLines(path, prior);
  if (readFirstLine(path) !== "") head = [];
  return { format, done, append };
}

async function filesOfJsonLines(path: string, prior: Prediction["prior"]): Promise<Map<string, string>> {
  const done = new Map<string, string>();
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number++;
    let row: Prediction;
    try {
      row = JSON.parse(line) as Prediction;
      done.set(String(row.file), String(row.status));
    } catch (error) {
      throw new FormatError(
        `${path}, line ${number} is not a prediction: ${messageOf(error)}; the file cannot be continued`,
      );
    }
    if (row.status !== "unreadable" && !isSame(row.prior, prior))
      throw new UsageError(
        `${path}, line ${number} was written for ${textOf(row.prior)}, but this run uses ${textOf(prior)}; ` +
          `continue it with ${option("prior")} ${choiceOf(row.prior)}, or give another name for --out`,
      );
  }
  return done;
}

/** Tolerance for priors: files have four digits, and a prior given again is divided by its sum. */
const ROUNDING = 5e-4;

function isSame(a: Prediction["prior"], b: Prediction["prior"]): boolean {
  if (!a || !b) return !a && !b;
  const names = Object.keys({ ...a, ...b });
  return names.every((name) => Math.abs((a[name] ?? 0) - (b[name] ?? 0)) <= ROUNDING);
}

function textOf(prior: Prediction["prior"]): string {
  return prior
    ? `the class prior ${priorText(Object.keys(prior), Object.values(prior))}`
    : "the trained class prior";
}

function choiceOf(prior: Prediction["prior"]): string {
  if (!prior) return "trained";
  return Object.entries(prior)
    .map(([name, share]) => `${name}=${share}`)
    .join(",");
}

/** Returns the photos of a CSV file, and cuts off the rows of the last one. */
async function filesOfCsv(path: string, header: string): Promise<Map<string, string>> {
  const done = new Map<string, string>();
  const first = readFirstLine(path);
  if (first === "") return done;
  if (first !== header)
    throw new UsageError(
      `${path} begins with "${first}", but this model's predictions begin with "${header}"`,
    );
  let [last, lastStart, end]: [string | undefined, number, number] = [undefined, 0, 0];
  try {
    for await (const { record, info } of createReadStream(path).pipe(parse({ info: true }))) {
      const [file, status = ""] = record as string[];
      if (end > 0 && file !== last) [last, lastStart] = [file, end];
      if (end > 0 && file !== undefined) done.set(file, status);
      end = (info as { bytes: number }).bytes;
    }
  } catch (error) {
    throw new FormatError(`${path} cannot be continued: ${messageOf(error)}`);
  }
  if (last !== undefined) {
    done.delete(last);
    truncateSync(path, lastStart);
  }
  return done;
}
