/** Reads and writes lists of suspected labels: labels.csv of an audit, which a review reads, or audit.json. */

import { extname } from "node:path";
import { z } from "zod";
import { canonicalId } from "../data/canonical.ts";
import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { csvRow } from "../formats/csv.ts";
import { FormatError } from "../util/errors.ts";
import { readJson } from "../util/files.node.ts";
import type { SuspectedLabel } from "./labels.node.ts";

/** An image with a suggested label. */
export type Suspect = Pick<SuspectedLabel, "id" | "suggested">;

const columns = ["image", "suggested"] as const;
const auditSchema = z.object({
  labels: z.object({ suspects: z.array(z.object({ id: z.string(), suggested: z.string() })) }),
});

/** Returns the text of labels.csv, most confident suspicion first. */
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
 * Reads the suspects from an audit's labels.csv or audit.json, or from a table with the columns image and suggested, in
 * its order.
 *
 * @throws UsageError for a file that cannot be read; FormatError for a file in another format.
 */
export async function readSuspects(path: string): Promise<Suspect[]> {
  if (extname(path).toLowerCase() === ".json") {
    const audit = auditSchema.safeParse(readJson(path));
    if (audit.success) return audit.data.labels.suspects;
    throw new FormatError(`${path} has no suspects; vultus data audit --labels writes them`);
  }
  const header = await readCsvHeader(path, columns);
  if (columns.some((column) => !header.includes(column)))
    throw new FormatError(
      `${path} has the columns ${header.join(", ")}. Expected image and suggested, as vultus data audit --labels writes them`,
    );
  const suspects: Suspect[] = [];
  for await (const { cells } of readCsvRows(path, columns))
    suspects.push({ id: canonicalId(cells.image ?? ""), suggested: cells.suggested ?? "" });
  return suspects;
}
