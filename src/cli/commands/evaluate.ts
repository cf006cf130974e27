/** `vultus evaluate`: scores a model on a folder of labelled images. */

import { Command } from "commander";
import { type EvaluateOptions, evaluate, SPOILT_IMAGES } from "../../jobs/evaluate.ts";
import { MINIMUM_GROUP } from "../../metrics/subgroups.ts";
import { evaluationText } from "../evaluation.ts";
import { numberOf, type SetExitCode, withDevice, withLabelled, withPriorOption } from "../options.ts";
import { result, resultJson } from "../output.ts";
import { peopleText } from "../people.ts";
import { printer } from "../progress.ts";
import { robustnessText, testTimeText } from "../robustness.ts";
import { subgroupText } from "../subgroups.ts";

interface Options extends Omit<EvaluateOptions, "model" | "data" | "onEvent"> {
  readonly json?: boolean;
}

export function evaluateCommand(setExitCode: SetExitCode): Command {
  return withPriorOption(withDevice(withLabelled(new Command("evaluate"))))
    .description(
      "score a model: classification report, confusion matrix, intervals, calibration; and beside people, where the data has votes",
    )
    .argument(
      "<model>",
      "run folder, a file that a run or an export wrote (.onnx, .safetensors, .pth), vultus_m or vultus_s",
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .option("--out <dir>", "also write confusion.png and samples.png there")
    .option(
      "--subgroup <column>",
      "also score each group of a manifest's column apart, such as age or camera",
    )
    .option(
      "--subgroup-minimum <n>",
      "images that a group needs to be scored",
      numberOf(1, 1e9, true),
      MINIMUM_GROUP,
    )
    .option(
      "--no-leaks",
      "do not read the data's training images to see which of the scored ones are among them",
    )
    .option("--robustness", "also score spoilt images: light, orientation, occlusion, image quality")
    .option(
      "--pictures <n>",
      "how many images are spoilt, a sample of every class",
      numberOf(1, 1e9, true),
      SPOILT_IMAGES,
    )
    .option("--tta", "also score test-time augmentation: flipped and shifted views, its gain and cost")
    .option("--json", "print JSON")
    .action(async (model: string, data: string[], { json, ...options }: Options) => {
      const evaluation = await evaluate({ ...options, model, data, onEvent: printer(setExitCode) });
      const { people, subgroups, tta, robustness } = evaluation;
      if (json) return resultJson(evaluation);
      const parts = [
        evaluationText(evaluation),
        ...(people ? [peopleText(people)] : []),
        ...(subgroups ? [subgroupText(subgroups)] : []),
        ...(tta ? [testTimeText(tta)] : []),
        ...(robustness ? [robustnessText(robustness)] : []),
      ];
      result(parts.join("\n\n"));
    });
}
