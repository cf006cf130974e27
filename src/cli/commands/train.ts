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
What to start from:
  vultus train photos/
      vultus_m, which ships and knows faces. No network, minutes on a CPU; right for nearly all photos of faces (recipe: adapt).
  vultus train photos/ --model vultus_s
      The same from the smaller model, for phones and web pages.
  vultus train photos/ --model resnet50
      ImageNet's weights, downloaded once. A hundred times the work; for images that are not face crops, or to repeat published results (recipe: progressive).
  vultus train photos/ --weights none
      Random weights. For tens of thousands of images, to measure what pretraining brings, or where no other images may be in it (recipe: scratch).
  vultus train photos/ --weights runs/a
      A run of your own.`;

export function trainCommand(setExitCode: SetExitCode): Command {
  return withData(withDevice(new Command("train")))
    .description("train a classifier on folders of images sorted by class")
    .argument(
      "[data...]",
      "folders (dir/<class>/…, dir/{train,validation,test}/<class>/…) or CSV files; a run that is resumed knows its own",
    )
    .option("--exclude <file>", "images to leave out, one id per line, as data audit --out writes them")
    .option(
      "--model <name>",
      "backbone: vultus_m or vultus_s, which ship with their weights, resnet50, … (default: the recipe's, or vultus_m)",
    )
    .option(
      "--recipe <name>",
      "adapt, progressive, finetune, scratch, faces, distil, or a .json or .yaml file (default: what suits the model; see below)",
    )
    .option(
      "--weights <source>",
      "weights to start from: vultus_m or vultus_s, imagenet, none, a run folder, or a .safetensors, .pth or .onnx file (default: what the model and the recipe need; see below)",
    )
    .option(
      "--teacher <model>",
      "learn beside the labels what this model answers: run folder, file, vultus_m or vultus_s; may be repeated",
      collected,
      [],
    )
    .option(
      "--validation <share>",
      "share of the training images to validate on, where there is no such split",
      numberOf(0, 1),
    )
    .option("--test <share>", "share of the training images to test on once, at the end", numberOf(0, 1))
    .option(
      "--attention <kind>",
      "attention over the branch of every residual block: se, eca or cbam; it starts as the identity (default: the recipe's, or none)",
    )
    .option("--input-size <px>", "side of the images that the network sees", numberOf(16, 1024, true))
    .option("--batch-size <n>", "images per step", numberOf(1, 65536, true))
    .option("--seed <n>", "seed of everything random", numberOf(0, 2 ** 31, true))
    .option("--out <dir>", "run folder (default: runs/<model>-<recipe>-<number>)")
    .option("--resume [dir]", "go on with the run in this folder (or in --out); nothing else need be given")
    .option(
      "--extend <epochs>",
      "add epochs to the run that --resume names, which has ended",
      numberOf(1, 100_000, true),
    )
    .option(
      "--time-budget <time>",
      "be done, report included, in this time, such as 60s, 10m or 2h: fits input size and epochs, and shortens the training where it takes longer; with --weights none also the backbone, from resnet50, 34 and 18 to squeezenet1_1",
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
      new Option("--cache-features <when>", "compute a frozen backbone once per view")
        .choices(["auto", "off"])
        .default("auto"),
    )
    .option(
      "--memory <GB>",
      "memory for decoded images, and as much again for cached features",
      numberOf(0.01, 1000),
      defaults.memory,
    )
    .option(
      "--checkpoint-every <seconds>",
      "greatest time between two checkpoints",
      numberOf(0, 1e6),
      defaults.checkpointEvery,
    )
    .option(
      "--ui [port]",
      "show the training in a page while it runs (default port: 8090, or a free one)",
      numberOf(0, 65535, true),
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", STARTS)
    .action(async (data: string[], options: Options) => {
      const { set, teacher, cacheFeatures, ui, json, ...rest } = options;
      const { resume, extend } = rest;
      // Without a run it is refused for that.
      if (data.length === 0 && !resume && extend === undefined)
        throw new UsageError(
          `no data is given; name a folder with one folder of images per class, such as ${command("train", "photos/")}`,
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
