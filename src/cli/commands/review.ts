/** `vultus review`: a page for correcting labels by hand, or for labelling unlabelled images. */

import { Command } from "commander";
import { type ReviewOptions, review, reviewDefaults } from "../../jobs/review.ts";
import { UsageError } from "../../util/errors.ts";
import { command } from "../invocation.ts";
import { numberOf, type SetExitCode, withDevice, withReading } from "../options.ts";
import { result, say } from "../output.ts";
import { printer } from "../progress.ts";

type Options = Omit<ReviewOptions, "data" | "onEvent">;

export function reviewCommand(setExitCode: SetExitCode): Command {
  return withReading(withDevice(new Command("review")))
    .description(
      "correct labels by hand on a page that shows the likeliest errors first; images are never changed",
    )
    .argument("[data...]", "folders or CSV files with labelled images")
    .option(
      "--unlabelled <dir>",
      "label these face crops instead, starting with those that teach a model most",
    )
    .option(
      "--model <run>",
      "model whose answers are shown: run folder, file, vultus_m or vultus_s (default: vultus_m, if it knows all classes)",
    )
    .option("--suspects <file>", "show these images first: labels.csv or audit.json from data audit --labels")
    .option(
      "--out <file>",
      `with --unlabelled: the manifest of the new labels (default: ${reviewDefaults.out})`,
    )
    .option("--show-test", "show the model's answers for test images too", false)
    .option(
      "--port <n>",
      "port to listen on; 0 picks a free one (default: 8091, or a free one)",
      numberOf(0, 65535, true),
    )
    .action(async (data: string[], options: Options) => {
      if (
        options.unlabelled !== undefined &&
        (options.suspects !== undefined || options.corrections !== undefined)
      )
        throw new UsageError(
          "--suspects and --corrections apply to labels, but --unlabelled images have none",
        );
      const { unlabelled, corrections = reviewDefaults.corrections, out = reviewDefaults.out } = options;
      const server = await review({
        ...options,
        data: data.length > 0 ? data : undefined,
        onEvent: printer(setExitCode),
      });
      result(server.url);
      const next = unlabelled === undefined ? [...data, "--corrections", corrections] : [out];
      say(`then: ${command("train", ...next)}`);
      say("press Ctrl-C to stop; every decision is saved as it is made");
      await new Promise<void>((stop) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
      });
      await server.close();
    });
}
