/** `vultus train`: trains a classifier on folders of labelled pictures. */

import { Command, Option } from "commander";
import type { Dataset } from "../../data/dataset.ts";
import { readDataset } from "../../data/read.node.ts";
import { cutSplits, type SplitShares } from "../../data/split.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { fitToBudget, parseDuration } from "../../train/budget.ts";
import { forecastSeconds, measureRate } from "../../train/forecast.ts";
import type { Recipe } from "../../train/recipe.ts";
import { readEnvironment, runPaths } from "../../train/run-folder.node.ts";
import { UsageError } from "../../util/errors.ts";
import { chooseDevice, type DeviceChoice } from "../device.ts";
import { numberOf, type SetExitCode, withData, withDevice } from "../options.ts";
import { duration, resultJson, say } from "../output.ts";
import { newRecipe, resumedRecipe } from "../recipe-options.ts";
import { runTraining } from "../training.ts";

export interface TrainCliOptions {
  readonly model?: string;
  readonly recipe: string;
  readonly weights?: string;
  readonly classes?: string[];
  readonly exclude?: string;
  readonly validation?: number;
  readonly test?: number;
  readonly inputSize?: number;
  readonly batchSize?: number;
  readonly seed?: number;
  readonly out?: string;
  readonly resume?: string | boolean;
  readonly timeBudget?: string;
  readonly set: string[];
  readonly device: string;
  readonly precision: string;
  readonly threads?: number;
  readonly cacheFeatures: "auto" | "off";
  readonly memory: number;
  readonly checkpointEvery: number;
  readonly allowUnreadable: boolean;
  readonly ui?: number | true;
  readonly json?: boolean;
}

export function trainCommand(setExitCode: SetExitCode): Command {
  return withData(withDevice(new Command("train")))
    .description("train a classifier on folders of pictures sorted by class")
    .argument("<data...>", "folders (dir/<class>/…, dir/{train,validation,test}/<class>/…) or CSV files")
    .option("--exclude <file>", "pictures to leave out, one id per line, as data audit --out writes them")
    .option("--model <name>", "backbone (default: the recipe's)")
    .option(
      "--recipe <name>",
      "progressive, finetune, scratch, faces, distil, adapt, or a .json or .yaml file",
      "progressive",
    )
    .option(
      "--weights <source>",
      "weights to start from: imagenet, vultus (the model that ships), none, or a .safetensors, .pth or .onnx file (default: what the recipe needs)",
    )
    .option(
      "--validation <share>",
      "share of the training pictures to validate on, where there is no such split",
      numberOf(0, 1),
    )
    .option("--test <share>", "share of the training pictures to test on once, at the end", numberOf(0, 1))
    .option("--input-size <px>", "side of the pictures that the network sees", numberOf(16, 1024, true))
    .option("--batch-size <n>", "pictures per step", numberOf(1, 65536, true))
    .option("--seed <n>", "seed of everything random", numberOf(0, 2 ** 31, true))
    .option("--out <dir>", "run folder (default: runs/<model>-<recipe>-<number>)")
    .option("--resume [dir]", "go on with the run in this folder (or in --out)")
    .option(
      "--time-budget <time>",
      "fit input size and epochs to this time, such as 10m or 2h; with --weights none also the backbone, from resnet50, 34 and 18 to squeezenet1_1",
    )
    .option(
      "--set <key=value>",
      "change one number of the recipe, such as phases.1.epochs=5; may be repeated",
      collect,
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
      "memory for decoded pictures, and as much again for cached features",
      numberOf(0.01, 1000),
      2,
    )
    .option("--checkpoint-every <seconds>", "greatest time between two checkpoints", numberOf(0, 1e6), 300)
    .option(
      "--ui [port]",
      "show the training in a page while it runs (default port: 8090, or a free one)",
      numberOf(0, 65535, true),
    )
    .option("--json", "print the result as JSON")
    .action(async (data: string[], given: TrainCliOptions, command: Command) => {
      const folder = typeof given.resume === "string" ? given.resume : given.out;
      if (given.resume && !folder)
        throw new UsageError("--resume needs the run folder: --resume runs/<name>");
      const options = given.resume ? resumedOptions(folder as string, given) : given;
      const named = command.getOptionValueSource("recipe") === "cli";
      const recipe = options.resume ? resumedRecipe(folder as string, options, named) : newRecipe(options);
      const { dataset, cut, pictures } = await prepareData(data, options, recipe.seed);
      const device = chooseDevice(options);
      const fitted =
        options.timeBudget && !options.resume
          ? await fitToTime(recipe, dataset.classes, pictures, options, device)
          : recipe;
      const outcome = await runTraining({
        dataset,
        cut,
        recipe: fitted,
        options,
        device,
        ...(folder ? { folder } : {}),
      });
      if (outcome.interrupted) setExitCode(1);
      if (options.json) resultJson(outcome.json);
    });
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** What the run began with, in place of each `auto`. */
function resumedOptions(folder: string, options: TrainCliOptions): TrainCliOptions {
  const { precision, cacheFeatures } = readEnvironment(runPaths(folder));
  return {
    ...options,
    precision: options.precision === "auto" ? (precision ?? "auto") : options.precision,
    cacheFeatures: cacheFeatures === false ? "off" : options.cacheFeatures,
  };
}

/** Backbones that may stand in for a larger one where no pretrained weights bind the recipe to it. */
const SMALLER = ["resnet50", "resnet34", "resnet18", "squeezenet1_1"];
const INPUT_SIZES = [224, 192, 160, 128, 112, 96, 80, 64, 48];

/** Measures a few steps and shrinks the recipe until it fits `--time-budget`; says what it did. */
async function fitToTime(
  recipe: Recipe,
  classes: readonly string[],
  pictures: number,
  options: TrainCliOptions,
  device: DeviceChoice,
): Promise<Recipe> {
  const budget = parseDuration(options.timeBudget as string);
  const engine = startEngine(device);
  try {
    const rate = await measureRate(engine, recipe, classes);
    const cached = options.cacheFeatures === "auto";
    const forecast = (candidate: Recipe): number =>
      forecastSeconds(candidate, classes, pictures, rate, cached);
    say(`forecast: ${duration(forecast(recipe))} for all epochs; the budget is ${duration(budget)}`);
    const smaller = SMALLER.slice(SMALLER.indexOf(recipe.model) + 1);
    const models = SMALLER.includes(recipe.model) && options.weights === "none" ? smaller : [];
    const { recipe: fitted, notes } = fitToBudget(recipe, forecast, budget, {
      inputSizes: INPUT_SIZES,
      models,
    });
    for (const note of notes) say(note);
    return fitted;
  } finally {
    await engine.close();
  }
}

/**
 * Reads the data and chooses the splits to cut; without a validation split a fifth is cut, and said. They are cut when the
 * pictures are read; a trial cut says here what is wrong with the shares, and how many pictures are left to train on.
 */
async function prepareData(
  data: readonly string[],
  options: TrainCliOptions,
  seed: number,
): Promise<{ dataset: Dataset; cut: SplitShares; pictures: number }> {
  const dataset = await readDataset(data, { classes: options.classes, exclude: options.exclude });
  const given = dataset.samples.some((sample) => sample.split === "validation");
  const validation = options.validation ?? (given ? undefined : 0.2);
  if (!given && options.validation === undefined)
    say("no validation split: 20 % of the training pictures are cut off for it (--validation)");
  const cut = {
    ...(validation === undefined ? {} : { validation }),
    ...(options.test === undefined ? {} : { test: options.test }),
  };
  const trial = cutSplits(dataset, { ...cut, seed });
  return { dataset, cut, pictures: trial.samples.filter(({ split }) => split === "train").length };
}
