/** `vultus report`: the report and the model card of a run, made again from what its folder holds. */

import { existsSync } from "node:fs";
import { Command } from "commander";
import { readRun } from "../../report/run-record.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import type { Engine } from "../../runtime/engine.ts";
import { runPaths } from "../../train/run-folder.node.ts";
import { UsageError, VultusError } from "../../util/errors.ts";
import { chooseDevice, type DeviceOptions } from "../device.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { clearLine, result, resultJson, say } from "../output.ts";
import { type Illustrated, illustratedReport, scoredAnew, withFoundPictures } from "../reporting.ts";

interface Options extends DeviceOptions {
  readonly pictures: boolean;
  readonly exclude?: string;
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
    .option("--exclude <file>", "pictures that were left out of the training, as they were given to train")
    .option("--memory <GB>", "memory for decoded pictures", numberOf(0.1, 1000), 2)
    .option("--json", "print the paths of the files as JSON")
    .action(async (folder: string, data: string[], options: Options) => {
      const paths = runPaths(folder);
      if (!existsSync(paths.recipe) && !existsSync(paths.environment))
        throw new UsageError(
          `${folder} is not the folder of a run: it has neither recipe.json nor environment.json`,
        );
      const engine = startEngine(chooseDevice(options));
      let found: Illustrated | undefined;
      try {
        found = await illustrate(engine, folder, data, options);
        const { run, notes } = found;
        for (const reason of run.damaged) say(`left out: ${reason}`);
        for (const note of notes) say(note);
        const shown = options.pictures
          ? found
          : { run, pixels: undefined, notes: [...notes, "Made without pictures, as asked."] };
        const files = await illustratedReport(engine, folder, shown, options.out);
        clearLine();
        if (options.json) resultJson({ files });
        else result(files.join("\n"));
      } finally {
        found?.pixels?.close();
        await engine.close();
      }
    });
}

/** The run with its pictures; scored anew where it kept no predictions. What cannot be had is said in its notes. */
async function illustrate(
  engine: Engine,
  folder: string,
  data: readonly string[],
  options: Options,
): Promise<Illustrated> {
  const run = readRun(folder);
  const places = data.length > 0 ? data : (run.environment?.data ?? []);
  const without = (...notes: string[]): Illustrated => ({ run, pixels: undefined, notes });
  if (run.evaluation && run.predictions.length > 0)
    return options.pictures ? withFoundPictures(run, places, options) : without();
  const { best, bundle } = runPaths(folder);
  if (!existsSync(best) && !existsSync(bundle))
    return without("The run has no weights yet, so nothing was scored.");
  if (places.length === 0)
    return without(
      "Made without pictures: the run does not say where they are; name their folder after the run.",
    );
  try {
    return await scoredAnew(engine, folder, run, places, { ...options, allowUnreadable: true });
  } catch (error) {
    // Pictures that were asked for must be there; those of the training may have moved.
    if (!(error instanceof VultusError) || data.length > 0) throw error;
    return without(`Made without pictures: ${error.message}.`);
  }
}
