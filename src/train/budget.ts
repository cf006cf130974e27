/** Fits a recipe to a time budget: first by the input size, then the epochs, then a smaller backbone. */

import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { Phase, Recipe } from "./recipe.ts";

/** Alternatives to the recipe's own settings. */
export interface Alternatives {
  /** Sides in pixels, in any order; those not below the recipe's are ignored. */
  readonly inputSizes: readonly number[];
  /** Backbones from large to small, each with weights at hand if the recipe needs some. */
  readonly models: readonly string[];
  /** Seconds of the smallest part of a recipe worth training, if less than an epoch of each phase may be trained. */
  readonly partial?: (candidate: Recipe) => number;
}

export interface Fitted {
  readonly recipe: Recipe;
  /** The changes as text; empty if the recipe fits unchanged. */
  readonly notes: readonly string[];
}

/**
 * The recipe with the largest input, then the most epochs, then the first backbone that `forecast` (seconds) gives
 * `budget` seconds or less. `forecast` should grow with size and epochs, and may be called a few dozen times. A budget in
 * which not even the shortest training fits is refused.
 */
export function fitToBudget(
  recipe: Recipe,
  forecast: (candidate: Recipe) => number,
  budget: number,
  { inputSizes, models, partial = () => Number.POSITIVE_INFINITY }: Alternatives,
): Fitted {
  const smaller = inputSizes.filter((size) => size < recipe.inputSize).sort((a, b) => b - a);
  const sizes = [recipe.inputSize, ...smaller];
  const epochs = Math.max(...recipe.phases.map((phase) => phase.epochs));
  const fits = (candidate: Recipe): boolean => forecast(candidate) <= budget;
  const notes: string[] = [];
  // A phase that names its stages is made for one backbone.
  const bound = recipe.phases.some(({ train }) => Array.isArray(train));
  const others = bound ? [] : models.filter((name) => name !== recipe.model);
  let least = recipe;
  for (const model of [recipe.model, ...others]) {
    const whole = { ...recipe, model };
    const smallest = { ...whole, inputSize: sizes.at(-1) as number };
    if (model !== recipe.model) {
      notes.push(
        `backbone ${least.model} → ${model}: ${least.model} needs ${words(forecast(least))} even at ` +
          `${least.inputSize} px with one epoch per phase`,
      );
    }
    const sized = sizes.map((inputSize) => ({ ...whole, inputSize })).find(fits) ?? smallest;
    if (sized.inputSize !== whole.inputSize) {
      notes.push(`input ${whole.inputSize} → ${sized.inputSize} px: ${change(whole, sized, forecast)}`);
    }
    if (fits(sized)) return { recipe: sized, notes };
    const shortened = (most: number): Recipe => ({
      ...sized,
      phases: sized.phases.map((phase) => shorten(phase, most, epochs)),
    });
    let [fitting, tooMany] = [0, epochs];
    while (tooMany - fitting > 1) {
      const between = Math.floor((fitting + tooMany) / 2);
      if (fits(shortened(between))) fitting = between;
      else tooMany = between;
    }
    if (fitting > 0) {
      const shorter = shortened(fitting);
      notes.push(`epochs ${epochsOf(sized)} → ${epochsOf(shorter)}: ${change(sized, shorter, forecast)}`);
      return { recipe: shorter, notes };
    }
    least = epochs > 1 ? shortened(1) : sized;
  }
  if (partial(least) <= budget) {
    notes.push(`less than one epoch per phase: that is forecast to take ${words(forecast(least))}`);
    return { recipe: least, notes };
  }
  const needed = forecast(least);
  throw new UsageError(
    `the time budget of ${words(budget)} is too short: the shortest training, ${least.model} at ${least.inputSize} px with one ` +
      `epoch per phase, is forecast to take ${words(needed)}; increase it (${option("timeBudget", enoughFor(needed))}) or use fewer images`,
  );
}

/** Returns whether `fitToBudget` may change a key of a recipe. */
export function changedByBudget(key: string): boolean {
  return /^(model|inputSize|phases\.\d+\.(epochs|schedule\.(warmup|firstCycle)))$/.test(key);
}

/** Returns a phase with `part` of `whole` of its epochs, at least one, whose schedule keeps its shape. */
function shorten(phase: Phase, part: number, whole: number): Phase {
  const epochs = Math.max(1, Math.floor((phase.epochs * part) / whole));
  const { schedule } = phase;
  const kept = epochs / phase.epochs;
  if (schedule.type === "cosine")
    return { ...phase, epochs, schedule: { ...schedule, warmup: schedule.warmup * kept } };
  if (schedule.type === "cosineRestarts") {
    return { ...phase, epochs, schedule: { ...schedule, firstCycle: schedule.firstCycle * kept } };
  }
  return { ...phase, epochs };
}

function epochsOf({ phases }: Recipe): string {
  return phases.map(({ epochs }) => epochs).join(" + ");
}

function change(from: Recipe, to: Recipe, forecast: (candidate: Recipe) => number): string {
  return `forecast ${words(forecast(from))} → ${words(forecast(to))}`;
}

/** Returns a time budget with a margin over the seconds needed, because the next measurement may be slower: `15s`, `12m`. */
export function enoughFor(seconds: number): string {
  const enough = 1.1 * seconds;
  return enough < 100 ? `${Math.ceil(enough)}s` : `${Math.ceil(enough / 60)}m`;
}

/** Formats seconds: `45 s`, `21 min`, `3.5 h`. */
export function words(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  if (seconds < 100 * 60) return `${Math.ceil(seconds / 60)} min`;
  return `${Number((seconds / 3600).toFixed(1))} h`;
}

/** Parses `90s`, `10m`, `2h` or `1h30m` to seconds; refuses anything else, and zero. */
export function parseDuration(text: string): number {
  const match = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text.trim());
  const [, hours = 0, minutes = 0, seconds = 0] = match ?? [];
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total > 0) return total;
  throw new UsageError(`"${text}" is not a length of time: write it as 90s, 10m, 2h or 1h30m`);
}
