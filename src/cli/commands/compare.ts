/** `vultus compare`: compares two models, or a model and a baseline, on the same images, and tests the difference for significance. */

import { Command } from "commander";
import { baselines } from "../../jobs/baselines.ts";
import { type CompareOptions, compare } from "../../jobs/compare.ts";
import { comparisonText } from "../comparison.ts";
import { type SetExitCode, withDevice, withLabelled, withPriorOption } from "../options.ts";
import { result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends Omit<CompareOptions, "a" | "b" | "data" | "onEvent"> {
  readonly json?: boolean;
}

export function compareCommand(setExitCode: SetExitCode): Command {
  return withPriorOption(withDevice(withLabelled(new Command("compare"))))
    .description(
      "compare two models, or a model and a baseline, on the same images, with intervals and a significance test",
    )
    .argument(
      "<a>",
      "run folder, file written by a run or an export (.onnx, .safetensors, .pth), vultus_m or vultus_s",
    )
    .argument(
      "<b>",
      `another model with the same classes, or a baseline: ${Object.keys(baselines).join(", ")}`,
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .option(
      "--weights <what>",
      "weights that base and linear-probe start from: imagenet, a file, or none, as for train",
    )
    .option(
      "--out <dir>",
      "also write only-a.png and only-b.png to this folder: the images that only one of the two gets right",
    )
    .option("--json", "print JSON")
    .addHelpText("after", `\nBaselines:\n${baselineLines()}`)
    .action(async (a: string, b: string, data: string[], { json, ...options }: Options) => {
      const comparison = await compare({ ...options, a, b, data, onEvent: printer(setExitCode) });
      if (json) return resultJson(comparison);
      const { baseline } = comparison;
      const meaning = baseline ? `B is ${baseline}: ${baselines[baseline]}\n` : "";
      result(`${meaning}${comparisonText(comparison)}`);
    });
}

function baselineLines(): string {
  const scratch = "train a model with --weights none and give its run folder";
  return Object.entries({ ...baselines, "from scratch": scratch })
    .map(([name, meaning]) => `  ${name.padEnd(14)} ${meaning}`)
    .join("\n");
}
