/** Lists of suspected labels, as files: labels.csv beside an audit, and how a review reads it or audit.json. */

import { extname } from "node:path";
import { z } from "zod";
import { canonicalId } from "../data/canonical.ts";
import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { csvRow } from "../formats/csv.ts";
import { FormatError } from "../util/errors.ts";
import { readJson } from "../util/files.node.ts";
import type { SuspectedLabel } from "./labels.node.ts";

/** An image and the label that somebody suggests instead of its own. */
export type Suspect = Pick<SuspectedLabel, "id" | "suggested">;

const columns = ["image", "suggested"] as const;
const auditSchema = z.object({
  labels: z.object({ suspects: z.array(z.object({ id: z.string(), suggested: z.string() })) }),
});

/** The text of labels.csv, the surest error first. */
export function suspectsText(suspects: readonly SuspectedLabel[]): string {
  const rows = suspects.map(({ id, split, given, suggested, margin }) => [
    id,
    split,
    given,
    suggested,
    margin.toFixed(4),
  ]);
  return [["image", "split", "label", "suggested", "margin"], ...rows]
    .map((cells) => `${csvRow(cells)}\n`)
    .join("");
}

/**
 * The suspects of an audit's labels.csv or audit.json, or of a table with the columns image and suggested, in its order.
 *
 * @throws UsageError for a file that cannot be read; FormatError for one of another form.
 */
export async function readSuspects(path: string): Promise<Suspect[]> {
  if (extname(path).toLowerCase() === ".json") {
    const audit = auditSchema.safeParse(readJson(path));
    if (audit.success) return audit.data.labels.suspects;
    throw new FormatError(`${path} has no suspects; vultus data audit writes them with --labels`);
  }
  const header = await readCsvHeader(path, columns);
  if (columns.some((column) => !header.includes(column)))
    throw new FormatError(
      `${path} has the columns ${header.join(", ")}. Expected image and suggested, as data audit --labels writes them`,
    );
  const suspects: Suspect[] = [];
  for await (const { cells } of readCsvRows(path, columns))
    suspects.push({ id: canonicalId(cells.image ?? ""), suggested: cells.suggested ?? "" });
  return suspects;
}
