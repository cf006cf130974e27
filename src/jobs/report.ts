/** Writes the report and the model card of a run again, from the files in its folder. */

import { existsSync } from "node:fs";
import type { BackboneOptions } from "../models/registry.ts";
import { readRun } from "../report/run-record.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { keptLists, runPaths } from "../train/run-folder.node.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import type { NamingOptions } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { type Illustrated, illustratedReport, scoredAnew, withFoundPictures } from "./reporting.ts";

export interface ReportOptions extends DeviceOptions, BackboneOptions, NamingOptions {
  /** The run folder. */
  readonly run: string;
  /** Where its images are now. Default: where they were during training. */
  readonly data?: string | readonly string[] | undefined;
  /** Whether the report shows images. Default: true. */
  readonly pictures?: boolean | undefined;
  /** The file of images that were left out of the training. */
  readonly exclude?: string | undefined;
  /** Where the report is written. Default: report.html in the run folder. */
  readonly out?: string | undefined;
  /** Gigabytes of decoded images. Default: 2. */
  readonly memory?: number | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** What `report --json` prints: the paths of the files, the report first. */
export interface ReportResult {
  readonly files: readonly string[];
}

/** Writes the report and the model card. @throws UsageError for a folder without a run. */
export function report(options: ReportOptions): Promise<ReportResult> {
  return telling(options.onEvent, (teller) => reported(options, teller));
}

async function reported(options: ReportOptions, teller: Teller): Promise<ReportResult> {
  const { run: folder, out, pictures = true, backbones } = options;
  const known = backbones ? { backbones } : {};
  const paths = runPaths(folder);
  if (!existsSync(paths.recipe) && !existsSync(paths.environment))
    throw new UsageError(
      `${folder} is not a run folder: it has neither recipe.json nor environment.json. Name a folder that train wrote`,
    );
  const engine = startEngine(chooseDevice(options, teller.note));
  let found: Illustrated | undefined;
  try {
    found = await illustrate(engine, options, teller);
    const { run, notes } = found;
    for (const reason of run.damaged) teller.note(`left out: ${reason}`);
    for (const note of notes) teller.note(note);
    const shown = pictures
      ? found
      : { run, pixels: undefined, notes: [...notes, "Made without images, as requested."] };
    return { files: await illustratedReport(engine, folder, { ...shown, ...known }, teller, out) };
  } finally {
    found?.pixels?.close();
    await engine.close();
  }
}

/** Returns the run with its images; scores it again if it recorded no predictions. Notes report what is missing. */
async function illustrate(engine: Engine, options: ReportOptions, teller: Teller): Promise<Illustrated> {
  const { run: folder, pictures = true, data = [] } = options;
  const given = typeof data === "string" ? [data] : data;
  const run = readRun(folder);
  const places = given.length > 0 ? given : (run.environment?.data ?? []);
  const without = (...notes: string[]): Illustrated => ({ run, pixels: undefined, notes });
  if (run.evaluation && run.predictions.length > 0)
    return pictures ? withFoundPictures(run, places, options, teller) : without();
  const { best, bundle } = runPaths(folder);
  if (!existsSync(best) && !existsSync(bundle))
    return without("The run has no weights yet, so it was not scored.");
  if (places.length === 0)
    return without(
      "Made without images: the run doesn't record where they are. Give their folder after the run.",
    );
  try {
    const kept = keptLists(folder);
    const { memory, rename, notAClass, exclude = kept.exclude, corrections = kept.corrections } = options;
    const labelled = { memory, exclude, rename, notAClass, corrections, allowUnreadable: true };
    return await scoredAnew(engine, folder, run, places, labelled, teller);
  } catch (error) {
    // Data that the caller names must exist; the training data may have moved.
    if (!(error instanceof VultusError) || given.length > 0) throw error;
    return without(`Made without images: ${error.message}.`);
  }
}
