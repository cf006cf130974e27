/** Describes a data set: counts, sizes, balance, unreadable files, and a contact sheet of random images. */

import { type Inspection, inspectDataset } from "../data/inspect.node.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { contactSheet } from "./contact-sheet.ts";
import { type DataOptions, type DataSource, openDataset } from "./data.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";

export interface InspectOptions extends Omit<DataOptions, "exclude"> {
  readonly data: DataSource;
  /** Where to write a contact sheet, as PNG. Default: nowhere. */
  readonly sheet?: string | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** Decodes every image once. @throws UsageError for a source or a class that is missing. */
export function inspect(options: InspectOptions): Promise<Inspection> {
  return telling(options.onEvent, (teller) => inspected(options, teller));
}

async function inspected(
  { data, classes, rename, sheet }: InspectOptions,
  teller: Teller,
): Promise<Inspection> {
  const dataset = await openDataset(data, { classes, rename });
  const inspection = await inspectDataset(dataset, (done, total) => teller.progress("reading", done, total));
  if (sheet !== undefined) {
    writeFileAtomic(sheet, await contactSheet(dataset));
    teller.wrote(sheet);
  }
  return inspection;
}
