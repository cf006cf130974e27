/** Reads corrections.csv. */

import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { FormatError } from "../util/errors.ts";
import { canonicalId } from "./canonical.ts";
import {
  type Corrected,
  type Correction,
  type Corrections,
  correctionColumns,
  decisionOf,
} from "./corrections.ts";

/**
 * Reads the corrections. The last row of an image counts; `when` may be missing.
 *
 * @throws UsageError if the file cannot be read; FormatError for other columns, or a row without an image or an old label.
 */
export async function readCorrections(path: string): Promise<Corrections> {
  const header = await readCsvHeader(path, correctionColumns);
  const missing = correctionColumns.filter((column) => column !== "when" && !header.includes(column));
  if (missing.length > 0)
    throw new FormatError(
      `${path} has the columns ${header.join(", ")}. Expected ${correctionColumns.join(", ")}, as vultus review writes them`,
    );
  const corrections = new Map<string, Correction>();
  for await (const { number, cells } of readCsvRows(path, correctionColumns)) {
    const { image = "", old_label: from = "", new_label: to = "", when = "" } = cells;
    for (const [column, cell] of [
      ["image", image],
      ["old_label", from],
    ] as const)
      if (cell === "") throw new FormatError(`${path}, row ${number}: ${column} is empty`);
    const id = canonicalId(image);
    corrections.delete(id);
    corrections.set(id, { decision: decisionOf(from, to), from, when });
  }
  return corrections;
}

/** Returns the corrections with their file's name, or undefined if no file is given. */
export async function readCorrected(path: string | undefined): Promise<Corrected | undefined> {
  return path === undefined ? undefined : { corrections: await readCorrections(path), path };
}
