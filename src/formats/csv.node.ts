/** CSV files row by row, never whole in memory, by csv-parse. */

import { createReadStream } from "node:fs";
import { CsvError, type Info, parse } from "csv-parse";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";

export interface CsvRow {
  /** Counted as a spreadsheet does, empty rows too. */
  readonly number: number;
  /** Cells by column name. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * The column names of a CSV file: its first row, trimmed. Those in `known` may be written in any case.
 *
 * @throws UsageError if the file cannot be opened, FormatError if it is no CSV.
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

function columnNames(header: readonly string[], known: readonly string[]): string[] {
  return header.map((cell) => {
    const name = cell.trim();
    return known.includes(name.toLowerCase()) ? name.toLowerCase() : name;
  });
}
