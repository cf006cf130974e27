/** CSV files row by row, never whole in memory, by csv-parse. */

import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";

export interface CsvRow {
  /** Counted as a spreadsheet does: the header is row 1. */
  readonly number: number;
  /** Cells by column name; the names are trimmed and in lower case. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * The column names of a CSV file: its first row, trimmed and in lower case.
 *
 * @throws UsageError if the file cannot be opened, FormatError if it is no CSV.
 */
export async function readCsvHeader(path: string): Promise<string[]> {
  for await (const cells of records(path, { to_line: 1 })) return (cells as string[]).map(columnName);
  throw new FormatError(`${path} is empty. Expected a CSV file whose first row names the columns.`);
}

/**
 * The rows under the header, cells trimmed, empty lines skipped.
 *
 * @throws FormatError naming the row whose cells do not fit the header or whose quotes do not close.
 */
export async function* readCsvRows(path: string): AsyncGenerator<CsvRow> {
  let number = 1;
  for await (const cells of records(path, { columns: (header: string[]) => header.map(columnName) })) {
    number++;
    yield { number, cells: cells as Record<string, string> };
  }
}

async function* records(path: string, options: object): AsyncGenerator<unknown> {
  const input = createReadStream(path);
  const parser = parse({ bom: true, trim: true, skip_empty_lines: true, ...options });
  input.on("error", (error) => parser.destroy(error));
  try {
    yield* input.pipe(parser);
  } catch (error) {
    if (!(error instanceof CsvError)) throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
    throw new FormatError(`${path}: ${error.message}. Every row needs as many cells as the first.`);
  } finally {
    input.destroy();
  }
}

function columnName(name: string): string {
  return name.trim().toLowerCase();
}
