/**
 * Reads CSV files row by row with csv-parse, never completely into memory, in the separators and encodings that
 * spreadsheets write.
 */

import { createReadStream, type ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { CsvError, type Info, parse } from "csv-parse";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";

/** Possible separators of cells; the header shows which is used. */
const separators = [",", ";", "\t", "|"];
/** The first line that specifies the separator for Excel. */
const separatorLine = /^"?sep=(.)"?[;,\t|]*$/i;
/** Maximum bytes of a header. */
const LONGEST_HEADER = 65_536;

export interface CsvRow {
  /** Counted as in a spreadsheet, including empty rows. */
  readonly number: number;
  /** Cells by column name. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * Returns the column names of a CSV file: its first row, trimmed. Names in `known` may be written in any case. A column without a
 * name is named after its position: `column 3`.
 *
 * @throws UsageError if the file cannot be opened, FormatError if it is not CSV, neither UTF-8 nor UTF-16, or has two columns of
 *   one name.
 */
export async function readCsvHeader(path: string, known: readonly string[]): Promise<string[]> {
  for await (const { cells } of records(path, { to: 2 })) return columnNames(cells, known, path);
  throw new FormatError(`${path} is empty. Expected a CSV file whose first row names the columns.`);
}

/**
 * Yields the rows below the header, with the names from `readCsvHeader`. Cells are trimmed, and rows without text are
 * skipped.
 *
 * @throws FormatError naming the row whose cells do not fit the header or whose quotes do not close.
 */
export async function* readCsvRows(path: string, known: readonly string[]): AsyncGenerator<CsvRow> {
  let names: string[] | undefined;
  for await (const { number, cells } of records(path)) {
    if (names === undefined) {
      names = columnNames(cells, known, path);
      continue;
    }
    // Trailing separators in a row are ignored.
    const isLonger = cells.slice(names.length).some((cell) => cell !== "");
    if (cells.length < names.length || isLonger)
      throw new FormatError(
        `${path}, row ${number}: ${cells.length} cells, expected ${names.length} as in the first row. ` +
          "Put quotes around a cell that contains the separator.",
      );
    yield { number, cells: Object.fromEntries(names.map((name, i) => [name, cells[i] as string])) };
  }
}

interface CsvRecord {
  readonly number: number;
  readonly cells: readonly string[];
}

/** Yields the rows that contain text, including the header. */
async function* records(path: string, options: object = {}): AsyncGenerator<CsvRecord> {
  let input: ReadStream | undefined;
  try {
    const { encoding, delimiter, above } = await formOf(path);
    input = createReadStream(path);
    const parser = parse({
      ...{ delimiter, record_delimiter: "\n", trim: true, skip_empty_lines: true, info: true },
      ...{ relax_column_count: true, ...options },
    });
    const text = Readable.from(withLineFeeds(decoded(input, encoding, path)));
    text.on("error", (error) => parser.destroy(error));
    for await (const row of text.pipe(parser)) {
      const { record: cells, info } = row as { record: string[]; info: Info };
      // Spreadsheets do not show the separator line.
      const number = info.records + info.empty_lines - above;
      if (number > 0 && cells.some((cell) => cell.trim() !== "")) yield { number, cells };
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (!(error instanceof CsvError)) throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
    throw new FormatError(`${path}: ${error.message}`);
  } finally {
    input?.destroy();
  }
}

interface Form {
  readonly encoding: string;
  readonly delimiter: string;
  /** Number of lines above the header that are not rows. */
  readonly above: number;
}

/**
 * Detects the encoding, from the byte order mark or zero bytes, and the separator, from Excel's separator line or the
 * header.
 */
async function formOf(path: string): Promise<Form> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST_HEADER));
    const start = buffer.subarray(0, bytesRead);
    const encoding = encodingOf(start, path);
    const lines = new TextDecoder(encoding).decode(start).split(/\r?\n|\r/);
    const first = lines.find((line) => line.trim() !== "") ?? "";
    const told = separatorLine.exec(first)?.[1];
    if (told !== undefined) return { encoding, delimiter: told, above: 1 };
    const header = first.replace(/"[^"]*"/g, "");
    const counts = separators.map((separator) => header.split(separator).length);
    return { encoding, delimiter: separators[counts.indexOf(Math.max(...counts))] as string, above: 0 };
  } finally {
    await file.close();
  }
}

/** UTF-16 without a byte order mark has a zero byte next to each letter of a header. */
function encodingOf(start: Uint8Array, path: string): string {
  const [a, b, c, d] = start;
  const share = (remainder: number): number => {
    const bytes = start.subarray(0, 64).filter((_, i) => i % 2 === remainder);
    return bytes.filter((byte) => byte === 0).length / bytes.length;
  };
  const [even, odd] = [share(0), share(1)];
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (even >= 0.4 && odd > 0.4))
    throw new FormatError(`${path} is UTF-32: save it as "CSV UTF-8", or convert it with iconv -t utf-8`);
  if ((a === 0xff && b === 0xfe) || (odd > 0.4 && even < 0.1)) return "utf-16le";
  if ((a === 0xfe && b === 0xff) || (even > 0.4 && odd < 0.1)) return "utf-16be";
  return "utf-8";
}

/** @throws FormatError that names the line with bytes that are invalid in the encoding. */
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

/** Normalises line ends, because concatenated files may have several kinds. */
async function* withLineFeeds(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const part of parts) {
    const text = held + part;
    // The line feed may follow in the next part.
    held = text.endsWith("\r") ? "\r" : "";
    yield text.slice(0, text.length - held.length).replace(/\r\n?/g, "\n");
  }
  if (held !== "") yield "\n";
}

function columnNames(header: readonly string[], known: readonly string[], path: string): string[] {
  const names = header.map((cell, i) => {
    const name = cell.trim() || `column ${i + 1}`;
    return known.includes(name.toLowerCase()) ? name.toLowerCase() : name;
  });
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new FormatError(
      `${path} has two columns called ${twice}. Rename or remove one, so that it is clear which counts.`,
    );
  return names;
}
