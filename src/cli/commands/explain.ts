/** `vultus explain`: where the model looked, as heat maps over faces, and how far such maps can be trusted. */

import { Command, Option } from "commander";
import { type ExplainOptions, explain, explainDefaults } from "../../jobs/explain.ts";
import { explainMethods } from "../../program/explain.ts";
import { explainedDataLines, explainedLines } from "../explained-text.ts";
import {
  type DetectorFlags,
  detectorOf,
  listOf,
  numberOf,
  type SetExitCode,
  withDetector,
  withDevice,
  withLabelled,
  withPriorOption,
} from "../options.ts";
import { result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends Omit<ExplainOptions, "photos" | "detector" | "onEvent">, DetectorFlags {
  readonly detect: boolean;
  readonly json?: boolean;
}

export function explainCommand(setExitCode: SetExitCode): Command {
  return withPriorOption(withDetector(withDevice(withLabelled(new Command("explain")))))
    .description("show where a model looked: heat maps over faces, and how far such maps can be trusted")
    .argument("[photos...]", "files, folders, patterns")
    .option(
      "--model <path>",
      "run folder, or a file that a run or an export wrote (default: the model that ships)",
    )
    .option("--no-detect", "take every photo as one face crop")
    .addOption(
      new Option("--method <name>", "how maps are made")
        .choices(explainMethods)
        .default(explainDefaults.method),
    )
    .option("--class <name>", "the class to explain (default: the one that the model answers)")
    .option("--out <dir>", "where images are written", explainDefaults.out)
    .option(
      "--data <a,b,…>",
      "folders or CSV files with labelled images: the mean map of each class, deletion and insertion scores",
      listOf,
    )
    .option(
      "--pictures <n>",
      "how many images of --data, a sample of every class",
      numberOf(1, 1e6, true),
      explainDefaults.pictures,
    )
    .option("--json", "print JSON")
    .action(async (photos: string[], { json, detect, ...options }: Options) => {
      const { detector, detectorSize, detectorThreshold, rotate, ...others } = options;
      const explained = await explain({
        ...others,
        photos,
        detector: detect && detectorOf({ detector, detectorSize, detectorThreshold, rotate }),
        onEvent: printer(setExitCode),
      });
      if (explained.photos.some(({ status }) => status !== "ok")) setExitCode(1);
      if (json) return resultJson(explained);
      const { data } = explained;
      result([...explainedLines(explained.photos), ...(data ? explainedDataLines(data) : [])].join("\n"));
    });
}
