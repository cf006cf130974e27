/** A file of predictions that grows while a long run works, and that a later run continues. */

import { createReadStream, existsSync, truncateSync } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";
import { cutTornLine } from "../formats/json-lines.node.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import { appendLine, readFirstLine } from "../util/files.node.ts";
import { csvFormat, jsonLinesFormat, type PredictionFormat } from "./predictions.ts";

export interface ResultsFile {
  readonly format: PredictionFormat;
  /** Names of the photos that it holds already, each with its status. */
  readonly done: ReadonlyMap<string, string>;
  append(lines: readonly string[]): void;
}

/** The form of a file of results, by its name. @throws UsageError for names of other forms. */
export function formOfFile(path: string): "csv" | "jsonl" {
  if (/\.csv$/i.test(path)) return "csv";
  if (/\.jsonl$/i.test(path)) return "jsonl";
  throw new UsageError(`--out ${path}: its name must end in .jsonl or .csv`);
}

/**
 * Opens `path`, which is made when the first prediction comes. With `resume` it is continued: what a kill tore off at its
 * end is cut away, and in CSV the last photo, which may lack faces, is done again.
 */
export async function openResults(
  path: string,
  classes: readonly string[],
  resume: boolean,
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
    throw new UsageError(`${path} exists already; continue it with --resume, or give another name`);
  cutTornLine(path);
  const done = isCsv ? await filesOfCsv(path, format.head[0] as string) : await filesOfJsonLines(path);
  if (readFirstLine(path) !== "") head = [];
  return { format, done, append };
}

async function filesOfJsonLines(path: string): Promise<Map<string, string>> {
  const done = new Map<string, string>();
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number++;
    try {
      const { file, status } = JSON.parse(line) as { file: unknown; status: unknown };
      done.set(String(file), String(status));
    } catch (error) {
      throw new FormatError(
        `${path}, line ${number} is no prediction: ${messageOf(error)}; it cannot be continued`,
      );
    }
  }
  return done;
}

/** Also cuts off the rows of the last file. */
async function filesOfCsv(path: string, header: string): Promise<Map<string, string>> {
  const done = new Map<string, string>();
  const first = readFirstLine(path);
  if (first === "") return done;
  if (first !== header)
    throw new UsageError(`${path} begins with "${first}"; this model's predictions begin with "${header}"`);
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
