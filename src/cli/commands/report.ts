/** `vultus report`: writes the report and the model card of a run again, from the files in its folder. */

import { Command } from "commander";
import { defaults } from "../../jobs/defaults.ts";
import { type ReportOptions, report } from "../../jobs/report.ts";
import { numberOf, withDevice, withNaming } from "../options.ts";
import { result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends Omit<ReportOptions, "run" | "data" | "onEvent"> {
  readonly json?: boolean;
}

export function reportCommand(): Command {
  return withNaming(withDevice(new Command("report")))
    .description("write report.html and model-card.md of a run into its folder")
    .argument("<run>", "run folder")
    .argument("[data...]", "where its images are now (default: where they were during training)")
    .option("--no-pictures", "write the report without images")
    .option("--out <file>", "where to write the report (default: report.html in the run folder)")
    .option(
      "--exclude <file>",
      "images that were left out of the training: the same file that was given to train",
    )
    .option("--memory <GB>", "memory for decoded images", numberOf(0.1, 1000), defaults.memory)
    .option("--json", "print the paths of the files as JSON")
    .action(async (run: string, data: string[], { json, ...options }: Options) => {
      const { files } = await report({ ...options, run, data, onEvent: printer() });
      if (json) resultJson({ files });
      else result(files.join("\n"));
    });
}
