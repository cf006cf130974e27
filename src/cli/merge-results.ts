/** Joins the files that the shards of one prediction run wrote, so that each photo occurs once. */

import { createReadStream, existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { parse } from "csv-parse";
import { digestOf } from "../data/dataset.ts";
import { csvRow } from "../formats/csv.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import { growingFile, readFirstLine } from "../util/files.node.ts";
import { formOfFile } from "./results-file.ts";

export interface Merged {
  /** The photos that have results. */
  readonly photos: ReadonlySet<string>;
  /** Number of photos that occurred twice with equal results. */
  readonly repeated: number;
  /** Files whose last row is incomplete because the process was killed. */
  readonly torn: readonly string[];
}

/** The lines of one photo in a file. */
interface Entry {
  readonly photo: string;
  readonly text: string;
}

/**
 * Joins `parts` into the new file `out`, in order.
 *
 * @throws UsageError for files that are missing, of different formats or models, or that have different results for one photo;
 * FormatError for a file that is damaged anywhere but at its end.
 */
export async function mergeResults(parts: readonly string[], out: string): Promise<Merged> {
  const isCsv = formOfFile(out) === "csv";
  for (const path of parts) {
    if (!existsSync(path)) throw new UsageError(`${path} does not exist`);
    if (formOfFile(path) !== formOfFile(out))
      throw new UsageError(`${path} and ${out} have different formats`);
  }
  if (existsSync(out)) throw new UsageError(`${out} already exists; give another name`);
  const known = new Map<string, { readonly from: string; readonly digest: string }>();
  const torn: string[] = [];
  let repeated = 0;
  const file = growingFile(out);
  try {
    const head = isCsv ? headOf(parts) : undefined;
    if (head !== undefined) file.append(`${head}\n`);
    for (const path of parts) {
      const onTorn = (): void => void torn.push(path);
      for await (const { photo, text } of isCsv ? csvEntries(path, onTorn) : jsonEntries(path, onTorn)) {
        const digest = digestOf([text]);
        const earlier = known.get(photo);
        if (!earlier) file.append(text);
        else if (earlier.digest === digest) repeated++;
        else
          throw new UsageError(
            `${earlier.from} and ${path} have different results for ${photo}; do their shards come from one model?`,
          );
        if (!earlier) known.set(photo, { from: path, digest });
      }
    }
    file.finish();
  } finally {
    file.discard();
  }
  return { photos: new Set(known.keys()), repeated, torn };
}

/** Returns the header row that all files with rows share; undefined if no file has rows. */
function headOf(parts: readonly string[]): string | undefined {
  const [first, ...others] = parts.filter((path) => readFirstLine(path) !== "");
  const head = first === undefined ? undefined : readFirstLine(first);
  const other = others.find((path) => readFirstLine(path) !== head);
  if (other !== undefined)
    throw new UsageError(`${first} and ${other} have different columns; do they come from one model?`);
  return head;
}

async function* jsonEntries(path: string, onTorn: () => void): AsyncGenerator<Entry> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let [number, bad] = [0, ""];
  for await (const line of lines) {
    number++;
    if (bad !== "") throw new FormatError(bad);
    try {
      yield { photo: String((JSON.parse(line) as { file: unknown }).file), text: `${line}\n` };
    } catch (error) {
      // Only the last line may be incomplete.
      if (!(error instanceof SyntaxError)) throw error;
      bad = `${path}, line ${number} is not a prediction: ${messageOf(error)}`;
    }
  }
  if (bad !== "") onTorn();
}

/** Yields the entries of a CSV file, in which all rows of a photo are adjacent. */
async function* csvEntries(path: string, onTorn: () => void): AsyncGenerator<Entry> {
  const rows = createReadStream(path).pipe(parse({ relax_column_count: true, relax_quotes: true }));
  let [width, isTorn] = [0, false];
  let entry: Entry | undefined;
  for await (const cells of rows as AsyncIterable<string[]>) {
    if (isTorn) throw new FormatError(`${path}: a row before its end has too few cells`);
    if (width === 0) {
      width = cells.length;
      continue;
    }
    if (cells.length !== width) {
      isTorn = true;
      continue;
    }
    const [photo = ""] = cells;
    if (entry && entry.photo !== photo) yield entry;
    entry = { photo, text: `${entry?.photo === photo ? entry.text : ""}${csvRow(cells)}\n` };
  }
  if (isTorn) onTorn();
  if (entry) yield entry;
}
