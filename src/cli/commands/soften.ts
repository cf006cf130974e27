/** `vultus data soften`: gives training images soft labels from the predictions of trained models, and writes a manifest. */

import { Command } from "commander";
import { defaults } from "../../jobs/defaults.ts";
import { SOFTENED_SHARE, type SoftenOptions, soften } from "../../jobs/soften.ts";
import { listOf, numberOf, type SetExitCode, withDevice, withNaming } from "../options.ts";
import { percent, result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends Omit<SoftenOptions, "data" | "onEvent"> {
  readonly json?: boolean;
}

export function softenCommand(setExitCode: SetExitCode): Command {
  return withNaming(withDevice(new Command("soften")))
    .description(
      "give training images soft labels: a mix of their labels and the predictions of trained models",
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .requiredOption("--by <a,b,…>", "the models: run folders, files, or names of shipped models", listOf)
    .requiredOption("--out <file>", "the manifest to write, a CSV file that train reads")
    .option(
      "--share <share>",
      "weight of the models' predictions in a soft label",
      numberOf(0, 0.5),
      SOFTENED_SHARE,
    )
    .option("--exclude <file>", "images to leave out, one id per line, as data audit --out writes them")
    .option("--allow-unreadable", "continue even if more than 1 % of the images cannot be read", false)
    .option("--memory <GB>", "memory for decoded images", numberOf(0.1, 1000), defaults.memory)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nOnly training images get soft labels. Train on them with --set labelSmoothing=0, since they are already smoothed.",
    )
    .action(async (data: string[], { json, ...options }: Options) => {
      const summary = await soften({ ...options, data, onEvent: printer(setExitCode) });
      const { softened, agreement } = summary;
      if (json) resultJson(summary);
      else result(`${softened} soft labels; the models agree with ${percent(agreement)} of the labels`);
    });
}
