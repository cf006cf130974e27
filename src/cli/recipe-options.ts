/** The recipe of a training: what the command line asks for, or what a run to go on with began with. */

import { existsSync, readFileSync } from "node:fs";
import { parse, YAMLParseError } from "yaml";
import { changedByBudget } from "../train/budget.ts";
import { differences } from "../train/differences.ts";
import { resolveRecipe } from "../train/override.ts";
import { type Recipe, recipeSchema } from "../train/recipe.ts";
import { parseJson, runPaths } from "../train/run-folder.node.ts";
import { UsageError } from "../util/errors.ts";
import type { TrainCliOptions } from "./commands/train.ts";

export type RecipeOptions = Pick<
  TrainCliOptions,
  "recipe" | "model" | "inputSize" | "batchSize" | "seed" | "set" | "timeBudget"
>;

/** Differences that a message names. */
const NAMED = 3;

/** The recipe by name or from a file, with every option that changes it. */
export function newRecipe(options: RecipeOptions): Recipe {
  return resolveRecipe(namedRecipe(options.recipe), assignments(options));
}

/**
 * The recipe that the run in `folder` began with; it cannot be changed half-way. The command that began it is welcome with
 * --resume added; options that ask for another recipe are refused, --recipe only where it was `given`.
 */
export function resumedRecipe(folder: string, options: RecipeOptions, given: boolean): Recipe {
  const { recipe } = runPaths(folder);
  const saved = parseJson(recipe, recipeSchema);
  const asked = resolveRecipe(given ? namedRecipe(options.recipe) : saved, assignments(options));
  const differing = differences(saved, asked).filter(
    ({ key }) => options.timeBudget === undefined || !changedByBudget(key),
  );
  if (differing.length === 0) return saved;
  const named = differing.slice(0, NAMED).map(({ key, one, other }) => `${key} is ${one}, not ${other}`);
  if (differing.length > NAMED) named.push(`${differing.length - NAMED} more differ`);
  throw new UsageError(
    `--resume goes on with the recipe in ${recipe}, and the options given here ask for another: ${named.join("; ")}. ` +
      "Leave them out, or start a new run with --out",
  );
}

function namedRecipe(recipe: string): unknown {
  if (!/\.(json|ya?ml)$/.test(recipe)) return recipe;
  if (!existsSync(recipe)) throw new UsageError(`the recipe ${recipe} does not exist`);
  try {
    // JSON is YAML too.
    return parse(readFileSync(recipe, "utf8"));
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new UsageError(`the recipe ${recipe} is neither JSON nor YAML: ${error.message}`);
    throw error;
  }
}

function assignments({ model, inputSize, batchSize, seed, set }: RecipeOptions): string[] {
  const named = Object.entries({ model, inputSize, batchSize, seed }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  );
  return [...named, ...set];
}
