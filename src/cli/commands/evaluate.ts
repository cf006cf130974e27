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
      "score a model: classification report, confusion matrix, intervals and calibration; if the data has people's votes, also a comparison with people",
    )
    .argument(
      "<model>",
      "run folder, file written by a run or an export (.onnx, .safetensors, .pth), vultus_m or vultus_s",
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .option("--out <dir>", "also write confusion.png and samples.png to this folder")
    .option(
      "--subgroup <column>",
      "also score each group in a column of the manifest separately, such as age or camera",
    )
    .option(
      "--subgroup-minimum <n>",
      "minimum number of images for a group to be scored",
      numberOf(1, 1e9, true),
      MINIMUM_GROUP,
    )
    .option("--no-leaks", "do not read the training images to check whether any scored image is among them")
    .option("--robustness", "also score corrupted images: light, orientation, occlusion, image quality")
    .option(
      "--pictures <n>",
      "number of images to corrupt, sampled from every class",
      numberOf(1, 1e9, true),
      SPOILT_IMAGES,
    )
    .option("--tta", "also score test-time augmentation (flipped and shifted views): its gain and its cost")
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
