/** `vultus report`: the report and the model card of a run, made again from what its folder holds. */

import { existsSync } from "node:fs";
import { Command } from "commander";
import { readRun } from "../../report/run-record.ts";
import { writeReport } from "../../report/write-report.ts";
import { runPaths } from "../../train/run-folder.node.ts";
import { UsageError, VultusError } from "../../util/errors.ts";
import { chooseDevice, type DeviceOptions } from "../device.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { clearLine, result, resultJson, say } from "../output.ts";
import { type Illustrated, scoredAnew, withFoundPictures } from "../reporting.ts";

interface Options extends DeviceOptions {
  readonly pictures: boolean;
  readonly out?: string;
  readonly memory: number;
  readonly json?: boolean;
}

export function reportCommand(_setExitCode: SetExitCode): Command {
  return withDevice(new Command("report"))
    .description("write report.html and model-card.md of a run into its folder")
    .argument("<run>", "run folder")
    .argument("[data...]", "where its pictures are now (default: where they were when it was trained)")
    .option("--no-pictures", "leave the pictures out")
    .option("--out <file>", "where the report is written (default: report.html in the run folder)")
    .option("--memory <GB>", "memory for decoded pictures", numberOf(0.1, 1000), 2)
    .option("--json", "print the paths of the files as JSON")
    .action(async (folder: string, data: string[], options: Options) => {
      const illustrated = await illustrate(folder, data, options);
      try {
        const { run, ...shown } = illustrated;
        for (const reason of run.damaged) say(`left out: ${reason}`);
        for (const note of shown.notes) say(note);
        const files = await writeReport(folder, run, {
          ...shown,
          ...(options.out === undefined ? {} : { out: options.out }),
        });
        clearLine();
        if (options.json) resultJson({ files });
        else result(files.join("\n"));
      } finally {
        illustrated.close();
      }
    });
}

/** The run, scored anew where it kept no predictions, and its pictures where they are wanted and found. */
async function illustrate(folder: string, data: readonly string[], options: Options): Promise<Illustrated> {
  const paths = runPaths(folder);
  if (!existsSync(paths.recipe) && !existsSync(paths.environment))
    throw new UsageError(
      `${folder} is not the folder of a run: it has neither recipe.json nor environment.json`,
    );
  const run = readRun(folder);
  const places = data.length > 0 ? data : (run.environment?.data ?? []);
  const trained = existsSync(paths.best) || existsSync(paths.bundle);
  const plain = (...notes: string[]): Illustrated => ({ run, notes, close() {} });
  if (run.evaluation && run.predictions.length > 0)
    return options.pictures
      ? withFoundPictures(run, places, options)
      : plain("Made without pictures, as asked.");
  if (!trained) return plain("The run has no weights yet, so nothing was scored.");
  if (places.length === 0)
    return plain(
      "Made without pictures: the run does not say where they are; name their folder after the run.",
    );
  try {
    const scored = await scoredAnew(
      folder,
      run,
      places,
      { ...options, allowUnreadable: true },
      chooseDevice(options),
    );
    if (options.pictures) return scored;
    const { pictureOf: _, ...rest } = scored;
    return { ...rest, notes: [...rest.notes, "Made without pictures, as asked."] };
  } catch (error) {
    if (!(error instanceof VultusError) || data.length > 0) throw error;
    return plain(`Made without pictures: ${error.message}.`);
  }
}
