/** `vultus compare`: two models, or one and a baseline, on the same images, and whether they differ by more than chance. */

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
    .description("compare two models on the same images, or one with a baseline, with intervals and a test")
    .argument(
      "<a>",
      "run folder, a file that a run or an export wrote (.onnx, .safetensors, .pth), vultus_m or vultus_s",
    )
    .argument("<b>", `another one, of the same classes, or ${Object.keys(baselines).join(", ")}`)
    .argument("<data...>", "folders or CSV files with labelled images")
    .option("--weights <what>", "where base and linear-probe start: imagenet, a file, or none, as for train")
    .option("--out <dir>", "also write only-a.png and only-b.png there: what one alone gets right")
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
  const scratch = "train one with --weights none and name its folder";
  return Object.entries({ ...baselines, "from scratch": scratch })
    .map(([name, meaning]) => `  ${name.padEnd(14)} ${meaning}`)
    .join("\n");
}
