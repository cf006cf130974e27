/** Fits a recipe to a time budget, by measuring a few steps. */

import type { BackboneOptions } from "../models/registry.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { fitToBudget, parseDuration } from "../train/budget.ts";
import { forecastSeconds, measureRate } from "../train/forecast.ts";
import type { Recipe } from "../train/recipe.ts";
import { loadTeachers } from "../train/teachers.node.ts";
import { UsageError } from "../util/errors.ts";
import type { DeviceChoice } from "./device.ts";
import type { Teller } from "./events.ts";
import type { TrainEvent } from "./train-events.ts";

/** Backbones that may replace a larger one if no pretrained weights tie the recipe to it. */
const SMALLER = ["resnet50", "resnet34", "resnet18", "squeezenet1_1"];
const INPUT_SIZES = [224, 192, 160, 128, 112, 96, 80, 64, 48];

export interface TimeOptions extends BackboneOptions {
  /** Seconds, or text such as `10m`. */
  readonly timeBudget?: number | string | undefined;
  readonly weights?: string | undefined;
  readonly cacheFeatures: boolean;
  /** As `TrainOptions` has them. */
  readonly teachers?: readonly string[] | undefined;
}

/** The recipe shrunk until it fits the time budget; notes say how. @throws UsageError if nothing fits. */
export async function fitToTime(
  recipe: Recipe,
  classes: readonly string[],
  images: number,
  { timeBudget = 0, weights, cacheFeatures, teachers: named = [], ...known }: TimeOptions,
  device: DeviceChoice,
  teller: Teller<TrainEvent>,
): Promise<Recipe> {
  const budget = typeof timeBudget === "string" ? parseDuration(timeBudget) : timeBudget;
  if (!(budget > 0)) throw new UsageError(`the time budget is ${budget} seconds; give more than 0`);
  const teachers = loadTeachers(named, classes).map(({ architecture }) => architecture);
  const engine = startEngine(device);
  try {
    const rate = await measureRate(engine, recipe, classes, known);
    const forecast = (candidate: Recipe): number =>
      forecastSeconds(candidate, classes, images, rate, { ...known, cacheFeatures, teachers });
    teller.tell({ type: "budget", forecast: forecast(recipe), budget });
    const smaller = SMALLER.slice(SMALLER.indexOf(recipe.model) + 1);
    const models = SMALLER.includes(recipe.model) && weights === "none" ? smaller : [];
    const { recipe: fitted, notes } = fitToBudget(recipe, forecast, budget, {
      inputSizes: INPUT_SIZES,
      models,
    });
    for (const note of notes) teller.note(note);
    return fitted;
  } finally {
    await engine.close();
  }
}
