/** `vultus explain`: shows where a model looked, as heat maps over faces, and measures how far such maps can be trusted. */

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
    .description(
      "show where a model looked, as heat maps over faces, and measure how far such maps can be trusted",
    )
    .argument("[photos...]", "files, folders, patterns")
    .option(
      "--model <path>",
      "run folder, or file written by a run or an export (default: the shipped model)",
    )
    .option("--no-detect", "treat every photo as one face crop")
    .addOption(
      new Option("--method <name>", "how to compute the maps")
        .choices(explainMethods)
        .default(explainDefaults.method),
    )
    .option("--class <name>", "class to explain (default: the predicted one)")
    .option("--out <dir>", "folder to write the images to", explainDefaults.out)
    .option(
      "--data <a,b,…>",
      "folders or CSV files with labelled images, for the mean map of each class and the deletion and insertion scores",
      listOf,
    )
    .option(
      "--pictures <n>",
      "number of images of --data, sampled from every class",
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
