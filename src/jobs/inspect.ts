/** Describes a data set: counts, sizes, balance, unreadable files, and a contact sheet of random images. */

import { availableParallelism } from "node:os";
import { type Inspection, inspectDataset } from "../data/inspect.node.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { contactSheet } from "./contact-sheet.ts";
import { checkFaces, croppingAdvice, type FaceCheck } from "./crop-check.ts";
import { type DataOptions, type DataSource, openDataset } from "./data.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";

export interface InspectOptions extends Omit<DataOptions, "exclude"> {
  readonly data: DataSource;
  /** Where to write a contact sheet, as PNG. Default: nowhere. */
  readonly sheet?: string | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** What `data inspect --json` prints. */
export interface InspectResult extends Inspection {
  /** Whether the images are face crops, judged from a few of them; missing if unknown. */
  readonly faces?: FaceCheck;
}

/** Decodes every image once. @throws UsageError for a missing source or class. */
export function inspect(options: InspectOptions): Promise<InspectResult> {
  return telling(options.onEvent, (teller) => inspected(options, teller));
}

async function inspected(
  { data, classes, rename, notAClass, corrections, sheet }: InspectOptions,
  teller: Teller,
): Promise<InspectResult> {
  const dataset = await openDataset(data, { classes, rename, notAClass, corrections });
  const found = await inspectDataset(dataset, (done, total) => teller.progress("reading", done, total));
  const faces = await checkFaces(dataset.samples, { threads: availableParallelism() });
  const advice = croppingAdvice(faces, dataset);
  const inspection = {
    ...found,
    ...(faces && { faces }),
    notes: [...found.notes, ...(advice === undefined ? [] : [advice])],
  };
  if (sheet !== undefined) {
    writeFileAtomic(sheet, await contactSheet(dataset));
    teller.wrote(sheet);
  }
  return inspection;
}
