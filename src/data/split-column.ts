/** Finds the column of a table that contains its splits: `split`, or another column whose cells name splits. */

import type { CsvRow } from "../formats/csv.node.ts";
import { FormatError } from "../util/errors.ts";
import { splitNamed } from "./names.ts";

/** Other usual names for it. If a cell of such a column names a split, every cell must. */
export const splitColumns = ["split", "usage", "subset", "partition", "set", "fold", "phase"] as const;

/** Boolean columns that mark the images of one split, as in fastai. */
const oneSplit = /^is_?(train|training|valid|val|validation|dev|test)$/i;

/**
 * Returns the column called `split`; otherwise one with a usual name that names a split, or one whose cells all name splits, at
 * least two different ones. Without this, test images would be used for training.
 *
 * @param columns the columns that contain neither paths nor labels nor people.
 * @throws FormatError for a cell that names no split in a column where others do, columns that name different splits, or
 *   `is_valid`.
 */
export function splitColumnOf(
  path: string,
  columns: readonly string[],
  rows: readonly CsvRow[],
): string | undefined {
  if (columns.includes("split")) return "split";
  const found = columns.filter((column) => {
    const cells = [...new Set(rows.map(({ cells }) => cells[column] ?? ""))];
    const splits = new Set(cells.map(splitNamed));
    if (!splits.has(undefined)) return splits.size > 1 || splitColumns.includes(column as "split");
    return splitColumns.includes(column as "split") && splits.size > 1;
  });
  const [first, ...others] = found;
  const other = others.find((column) =>
    rows.some(({ cells }) => splitNamed(cells[column] ?? "") !== splitNamed(cells[first as string] ?? "")),
  );
  if (other !== undefined)
    throw new FormatError(
      `${path}: the columns ${first} and ${other} name different splits. Rename the one to use to "split".`,
    );
  const single = columns.find((column) => oneSplit.test(column));
  if (first === undefined && single !== undefined)
    throw new FormatError(
      `${path} marks a split in the column ${single}. Add a column named split that contains train, validation or test instead.`,
    );
  const isWrong = ({ cells: { [first ?? ""]: cell = "" } }: CsvRow): boolean =>
    cell !== "" && splitNamed(cell) === undefined;
  if (first !== undefined && rows.some(isWrong)) throw wrongSplit(path, first, rows);
  return first;
}

/** Returns the error for cells that name no split: the first with its row, and the others. */
export function wrongSplit(path: string, column: string, rows: readonly CsvRow[]): FormatError {
  const wrong = rows.filter(({ cells: { [column]: cell = "" } }) => cell !== "" && !splitNamed(cell));
  const names = [...new Set(wrong.map(({ cells }) => `"${cells[column]}"`))];
  const more = names.length > 1 ? `; other rows have ${names.slice(1, 6).join(", ")}` : "";
  const otherwise = column === "split" ? "" : ". Rename the column if it does not contain splits";
  return new FormatError(
    `${path}, row ${wrong[0]?.number}: ${column} is ${names[0]}, expected train, validation or test${more}${otherwise}`,
  );
}
