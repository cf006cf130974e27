/** Fits a training to the available time: measures a few steps, chooses what fits, and keeps to the budget while training. */

import { trainingSide } from "../augment/canvas.ts";
import type { Dataset, Sample } from "../data/dataset.ts";
import { decodeAll } from "../data/decode-all.node.ts";
import { hasResidualBlocks } from "../models/attention.ts";
import { type BackboneOptions, backboneNamed } from "../models/registry.ts";
import type { Engine } from "../runtime/engine.ts";
import { enoughFor, fitToBudget, parseDuration, words } from "../train/budget.ts";
import { forwardSeconds, measureSpeed, type PhaseCost, phaseCosts, totalOf } from "../train/forecast.ts";
import { Pace } from "../train/pace.ts";
import type { Progress } from "../train/progress.ts";
import { type Recipe, uncut } from "../train/recipe.ts";
import { loadTeachers } from "../train/teachers.node.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { Teller } from "./events.ts";
import { explainedOf } from "./reporting.ts";
import type { TrainEvent } from "./train-events.ts";

/** Backbones, from large to small, that may replace a larger one unless the recipe needs its pretrained weights. */
const SMALLER = ["resnet50", "resnet34", "resnet18", "squeezenet1_1"];
const INPUT_SIZES = [224, 192, 160, 128, 112, 96, 80, 64, 48];

/** Share of a budget after which no further measuring step begins. */
const MEASURING = 0.05;
/** Number of images decoded to estimate the time for all. */
const DECODED = 16;
/** Minimum part of an epoch that is worth training. */
const PART = 0.1;
/** Reserve, in seconds and as a share of the budget: a process needs time to start and end, and forecasts are often too short. */
const SPARE = { seconds: 0.5, share: 0.02 };

export interface TimeOptions extends BackboneOptions {
  /** Seconds left until everything must be done. */
  readonly left: () => number;
  /** Seconds of the whole budget. */
  readonly budget: number;
  /** Position of a resumed run, whose recipe does not change; undefined for a new run. */
  readonly from?: Pick<Progress, "phase" | "epoch"> | undefined;
  readonly weights?: string | undefined;
  readonly cacheFeatures: boolean;
  /** As in `TrainOptions`. */
  readonly teachers: readonly string[];
}

/** The data of a training, with approximate splits. */
type Trial = Pick<Dataset, "classes" | "samples">;

export interface InTime {
  readonly recipe: Recipe;
  /** Keeps the training within its time. */
  readonly pace: Pace;
}

/** Parses a time budget, a number of seconds or text such as `10m`. @throws UsageError for anything else, and for 0. */
export function secondsOf(timeBudget: number | string): number {
  const budget = typeof timeBudget === "string" ? parseDuration(timeBudget) : timeBudget;
  if (budget > 0) return budget;
  throw new UsageError(`the time budget is ${budget} seconds; give more than 0`);
}

/**
 * Shrinks the recipe until it fits the remaining time, which includes the measuring; notes report how.
 *
 * @throws UsageError if nothing fits.
 */
export async function fitToTime(
  engine: Engine,
  recipe: Recipe,
  trial: Trial,
  { left, budget, from, weights, cacheFeatures, teachers: named, ...known }: TimeOptions,
  teller: Teller<TrainEvent>,
): Promise<InTime> {
  const { classes, samples } = trial;
  const speed = await measureSpeed(engine, recipe, classes, MEASURING * budget, known);
  const decode = await decodeSeconds(samples, recipe);
  const counts = { train: 0, validation: 0, test: 0 };
  for (const { split } of samples) counts[split]++;
  const pictures = { training: counts.train, validation: counts.validation };
  const teachers = loadTeachers(named, classes).map(({ architecture }) => architecture);
  const allCosts = (candidate: Recipe): PhaseCost[] =>
    phaseCosts(candidate, classes, pictures, speed, { ...known, cacheFeatures, teachers });
  /** Costs of the unfinished phases. */
  const costsOf = (candidate: Recipe): PhaseCost[] => remaining(allCosts(candidate), from);
  const closingOf = (candidate: Recipe): number => {
    const forward = forwardSeconds(candidate, classes, speed, known);
    return closingSeconds(
      { forward, decode, open: speed.open },
      counts.test || counts.validation,
      classes.length,
    );
  };
  const free = (): number => left() - SPARE.seconds - SPARE.share * budget;
  // The time spent so far and the reserve are part of the budget too.
  const spent = budget - free();
  const around = (candidate: Recipe): number => spent + samples.length * decode + closingOf(candidate);
  const forecast = (candidate: Recipe): number =>
    around(candidate) + costsOf(candidate).reduce((sum, cost) => sum + totalOf(cost), 0);
  const partial = (candidate: Recipe): number => {
    const [first] = costsOf(candidate);
    if (first === undefined) return around(candidate);
    const part = { steps: (PART * first.steps) / first.epochs, epochs: 1, views: Math.min(1, first.views) };
    return around(candidate) + totalOf({ ...first, ...part });
  };
  teller.tell({ type: "budget", forecast: forecast(recipe), budget });
  if (from !== undefined) checkFits(partial(recipe), budget);
  // Notes of an earlier budget do not apply to this one.
  const uncutRecipe = { ...recipe, phases: recipe.phases.map(uncut) };
  const fitted = from ? recipe : shrunk(uncutRecipe, { forecast, partial }, budget, weights, teller);
  const most = recipe.phases.map(({ epochs }) => epochs);
  const pace = new Pace({ left: free, costs: allCosts(fitted), most, closing: closingOf(fitted) });
  return { recipe: fitted, pace };
}

/** Returns the remaining costs of phases, the first of which is in progress. */
function remaining(
  costs: readonly PhaseCost[],
  { phase, epoch }: Pick<Progress, "phase" | "epoch"> = { phase: 0, epoch: 0 },
): PhaseCost[] {
  return costs.slice(phase).map((cost, i) => {
    const epochs = i === 0 ? Math.max(1, cost.epochs - epoch) : cost.epochs;
    return {
      ...cost,
      epochs,
      steps: (cost.steps * epochs) / cost.epochs,
      views: Math.min(cost.views, epochs),
    };
  });
}

/** @throws UsageError if a resumed run could not train anything in time. */
function checkFits(least: number, budget: number): void {
  if (least <= budget) return;
  throw new UsageError(
    `the time budget of ${words(budget)} is too short: continuing for a tenth of an epoch, and scoring, is forecast to take ` +
      `${words(least)}; give more time (${option("timeBudget", enoughFor(least))}). The run is unchanged`,
  );
}

function shrunk(
  recipe: Recipe,
  { forecast, partial }: Readonly<Record<"forecast" | "partial", (candidate: Recipe) => number>>,
  budget: number,
  weights: string | undefined,
  teller: Teller<TrainEvent>,
): Recipe {
  const smaller = SMALLER.slice(SMALLER.indexOf(recipe.model) + 1);
  const takesAttention = (model: string): boolean =>
    recipe.attention === "none" || hasResidualBlocks(backboneNamed(model));
  const models = SMALLER.includes(recipe.model) && weights === "none" ? smaller.filter(takesAttention) : [];
  const { recipe: fitted, notes } = fitToBudget(recipe, forecast, budget, {
    inputSizes: INPUT_SIZES,
    models,
    partial,
  });
  for (const note of notes) teller.note(note);
  return fitted;
}

/** Estimates the seconds per image for decoding many, from a few spread over all. */
async function decodeSeconds(samples: readonly Sample[], { inputSize }: Recipe): Promise<number> {
  const every = Math.max(1, Math.floor(samples.length / (2 * DECODED)));
  const some = samples.filter((_, i) => i % every === 0).slice(0, 2 * DECODED);
  const half = Math.floor(some.length / 2);
  const options = { maxSide: trainingSide(inputSize) };
  // The first images also wait for the decoder to start.
  await decodeAll(some.slice(0, half), options, () => {});
  const started = performance.now();
  await decodeAll(some.slice(half), options, () => {});
  return (performance.now() - started) / 1000 / (some.length - half);
}

/**
 * Estimates the time after the last phase: the images of the score are decoded again and scored, and a few are explained. The rest
 * takes about as long as opening three programs, as measured.
 */
function closingSeconds(
  { forward, decode, open }: { readonly forward: number; readonly decode: number; readonly open: number },
  scored: number,
  classes: number,
): number {
  const explained = Math.min(scored, explainedOf(classes));
  return 0.3 + 3 * open + scored * (decode + forward) + explained * 3 * forward;
}
