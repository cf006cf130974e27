/** `vultus train`: trains a classifier on folders of labelled images. */

import { Command, Option } from "commander";
import { defaults } from "../../jobs/defaults.ts";
import type { TrainOptions } from "../../jobs/train-options.ts";
import { UsageError } from "../../util/errors.ts";
import { endCard } from "../end-card.ts";
import { command } from "../invocation.ts";
import { collected, numberOf, type SetExitCode, withData, withDevice } from "../options.ts";
import { result, resultJson, say } from "../output.ts";
import { runTraining, trainingJson } from "../training.ts";
import { trainingCard } from "../training-card.ts";

interface Options extends Omit<TrainOptions, "data" | "onEvent" | "signal" | "overrides" | "cacheFeatures"> {
  readonly set: string[];
  readonly teacher: string[];
  readonly cacheFeatures: "auto" | "off";
  readonly ui?: number | true;
  readonly json?: boolean;
}

const STARTS = `
Where to start from:
  vultus train photos/
      vultus_m, the shipped model, which already knows faces. Needs no network and takes minutes on a CPU. Right for nearly all photos of faces (recipe: adapt).
  vultus train photos/ --model vultus_s
      The same from the smaller shipped model, for phones and web pages.
  vultus train photos/ --model resnet50
      ImageNet's weights, downloaded once. Takes a hundred times the work. For images that are not face crops, or to reproduce published results (recipe: progressive).
  vultus train photos/ --weights none
      Random weights. For tens of thousands of images, to measure what pretraining adds, or if the model must not have seen other images (recipe: scratch).
  vultus train photos/ --weights runs/a
      One of your own runs.`;

export function trainCommand(setExitCode: SetExitCode): Command {
  return withData(withDevice(new Command("train")))
    .description("train a classifier on folders of images sorted by class")
    .argument(
      "[data...]",
      "folders (dir/<class>/…, dir/{train,validation,test}/<class>/…) or CSV files; not needed with --resume",
    )
    .option("--exclude <file>", "images to leave out, one id per line, as data audit --out writes them")
    .option(
      "--model <name>",
      "backbone: vultus_m or vultus_s (shipped with weights), resnet50, … (default: the recipe's, or vultus_m)",
    )
    .option(
      "--recipe <name>",
      "adapt, progressive, finetune, scratch, faces, distil, or a .json or .yaml file (default: depends on the model; see below)",
    )
    .option(
      "--weights <source>",
      "weights to start from: vultus_m or vultus_s, imagenet, none, a run folder, a folder of weights, or a .safetensors, .pth or .onnx file (default: depends on the model and the recipe; see below)",
    )
    .option(
      "--teacher <model>",
      "also learn from the predictions of this model: run folder, file, vultus_m or vultus_s; may be repeated",
      collected,
      [],
    )
    .option(
      "--validation <share>",
      "share of the training images to validate on, if the data has no validation split",
      numberOf(0, 1),
    )
    .option("--test <share>", "share of the training images to test on once, at the end", numberOf(0, 1))
    .option(
      "--attention <kind>",
      "attention on the branch of every residual block: se, eca or cbam; starts as the identity (default: the recipe's, or none)",
    )
    .option("--input-size <px>", "side length of the network's input", numberOf(16, 1024, true))
    .option("--batch-size <n>", "images per step", numberOf(1, 65536, true))
    .option("--seed <n>", "seed of everything random", numberOf(0, 2 ** 31, true))
    .option("--out <dir>", "run folder (default: runs/<model>-<recipe>-<number>)")
    .option("--resume [dir]", "continue the run in this folder (or in --out); needs no other options")
    .option(
      "--extend <epochs>",
      "add epochs to the finished run that --resume names",
      numberOf(1, 100_000, true),
    )
    .option(
      "--time-budget <time>",
      "finish within this time, report included, such as 60s, 10m or 2h: fits input size and epochs, and ends the training early if needed; with --weights none, also chooses the backbone, from resnet50, 34 and 18 to squeezenet1_1",
    )
    .option(
      "--set <key=value>",
      "change one number of the recipe, such as phases.1.epochs=5; may be repeated",
      collected,
      [],
    )
    .addOption(
      new Option("--precision <name>", "number format").choices(["auto", "fp32", "fp16"]).default("auto"),
    )
    .addOption(
      new Option("--cache-features <when>", "cache a frozen backbone's features, computed once per view")
        .choices(["auto", "off"])
        .default("auto"),
    )
    .option(
      "--memory <GB>",
      "memory for decoded images, and the same again for cached features",
      numberOf(0.01, 1000),
      defaults.memory,
    )
    .option(
      "--checkpoint-every <seconds>",
      "maximum time between two checkpoints",
      numberOf(0, 1e6),
      defaults.checkpointEvery,
    )
    .option(
      "--ui [port]",
      "show the running training in a web page (default port: 8090, or a free one)",
      numberOf(0, 65535, true),
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", STARTS)
    .action(async (data: string[], options: Options) => {
      const { set, teacher, cacheFeatures, ui, json, ...rest } = options;
      const { resume, extend } = rest;
      // The job itself refuses --extend without a run.
      if (data.length === 0 && !resume && extend === undefined)
        throw new UsageError(
          `no data given; name a folder that has one folder of images per class, for example ${command("train", "photos/")}`,
        );
      if (data.length > 0 || resume) say(`reading ${data.length > 0 ? data.join(", ") : "the run"}…`);
      const run = await runTraining(
        {
          ...rest,
          ...(data.length > 0 || !resume ? { data, resume } : { resume }),
          overrides: set,
          teachers: teacher,
          cacheFeatures: cacheFeatures === "auto",
        },
        ui,
      );
      if (run.interrupted) setExitCode(1);
      else if (json) say(endCard(trainingCard(run, data), process.stderr));
      else result(endCard(trainingCard(run, data)));
      if (json) resultJson(trainingJson(run));
    });
}
