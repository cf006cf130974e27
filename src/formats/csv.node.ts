/** CSV files row by row, never whole in memory, by csv-parse; with the separators and encodings that spreadsheets write. */

import { createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";

/** What may stand between cells; the header tells which. */
const separators = [",", ";", "\t"];
/** Bytes in which a header ends. */
const LONGEST_HEADER = 65_536;

export interface CsvRow {
  /** Counted as a spreadsheet does, empty rows too. */
  readonly number: number;
  /** Cells by column name. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * The column names of a CSV file: its first row, trimmed. Those in `known` may be written in any case.
 *
 * @throws UsageError if the file cannot be opened, FormatError if it is no CSV, or neither UTF-8 nor UTF-16 with its mark.
 */
export async function readCsvHeader(path: string, known: readonly string[]): Promise<string[]> {
  for await (const cells of records(path, { to: 1 })) return columnNames(cells as string[], known);
  throw new FormatError(`${path} is empty. Expected a CSV file whose first row names the columns.`);
}

/**
 * The rows under the header, whose names are those of `readCsvHeader`; cells trimmed, empty lines skipped.
 *
 * @throws FormatError naming the row whose cells do not fit the header or whose quotes do not close.
 */
export async function* readCsvRows(path: string, known: readonly string[]): AsyncGenerator<CsvRow> {
  const columns = (header: string[]): string[] => columnNames(header, known);
  for await (const row of records(path, { columns, info: true })) {
    const { record, info } = row as { record: Record<string, string>; info: Info };
    // The header is a row too, and is not counted among the records.
    yield { number: 1 + info.records + info.empty_lines, cells: record };
  }
}

async function* records(path: string, options: object): AsyncGenerator<unknown> {
  let input: ReadStream | undefined;
  try {
    const { encoding, delimiter } = await formOf(path);
    input = createReadStream(path);
    const parser = parse({ delimiter, trim: true, skip_empty_lines: true, ...options });
    const text = Readable.from(decoded(input, encoding, path));
    text.on("error", (error) => parser.destroy(error));
    yield* text.pipe(parser);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (!(error instanceof CsvError)) throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
    throw new FormatError(`${path}: ${error.message}. Every row needs as many cells as the first.`);
  } finally {
    input?.destroy();
  }
}

/** The encoding, by the mark at the beginning, and the separator, by the header. */
async function formOf(path: string): Promise<{ encoding: string; delimiter: string }> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_HEADER));
    const start = buffer.subarray(0, bytesRead);
    const encoding =
      start[0] === 0xff && start[1] === 0xfe
        ? "utf-16le"
        : start[0] === 0xfe && start[1] === 0xff
          ? "utf-16be"
          : "utf-8";
    const header = (
      new TextDecoder(encoding)
        .decode(start)
        .split(/\r?\n|\r/)
        .find((line) => line.trim() !== "") ?? ""
    ).replace(/"[^"]*"/g, "");
    const counts = separators.map((separator) => header.split(separator).length);
    return { encoding, delimiter: separators[counts.indexOf(Math.max(...counts))] as string };
  } finally {
    await file.close();
  }
}

/** @throws FormatError that names the line with bytes that are not of the encoding. */
async function* decoded(
  input: AsyncIterable<Uint8Array>,
  encoding: string,
  path: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let line = 1;
  try {
    for await (const bytes of input) {
      const text = decoder.decode(bytes, { stream: true });
      line += text.split("\n").length - 1;
      yield text;
    }
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new FormatError(
      `${path} is not ${encoding.toUpperCase()} (from line ${line} on): save it as "CSV UTF-8", or convert it with iconv -f cp1252 -t utf-8`,
    );
  }
}

function columnNames(header: readonly string[], known: readonly string[]): string[] {
  return header.map((cell) => {
    const name = cell.trim();
    return known.includes(name.toLowerCase()) ? name.toLowerCase() : name;
  });
}
