/** The recipe of a training: from the options, or from the run to resume. */

import { existsSync, readFileSync } from "node:fs";
import { parse, YAMLParseError } from "yaml";
import type { BackboneOptions } from "../models/registry.ts";
import { changedByBudget } from "../train/budget.ts";
import { differences } from "../train/differences.ts";
import { asBegun } from "../train/extension.ts";
import { type RecipeChanges, resolveRecipe } from "../train/override.ts";
import { type Recipe, recipeSchema } from "../train/recipe.ts";
import { parseJson, runPaths } from "../train/run-folder.node.ts";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import { backboneFor, modelOfWeights } from "../weights/load.node.ts";
import { DEFAULT_MODEL, shippedModels } from "../weights/shipped.node.ts";
import { sources } from "../weights/sources.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Changes to single values of the recipe: `{ "phases.0.epochs": 3 }`, or `["phases.0.epochs=3"]` as on the command line. A phase
 * is identified by its position or its name.
 */
export type Overrides = { readonly [key: string]: Json | undefined } | readonly string[];

/** The options that determine the recipe. */
export interface RecipeOptions extends BackboneOptions {
  /**
   * progressive, finetune, scratch, faces, distil, adapt, a `.json` or `.yaml` file, or an object. Default: depends on the model
   * and its weights (`usualRecipe`); adapt for a shipped model.
   */
  readonly recipe?: string | RecipeChanges | undefined;
  /** Backbone by name, registered or among `backbones`. Default: the recipe's or, without a recipe, vultus_m. */
  readonly model?: string | undefined;
  /**
   * Weights to start from: imagenet, vultus or the name of a shipped model, a run folder, a file, or none. Default: those that the
   * recipe is made for; a note reports which. `none` is refused for a recipe that would freeze stages with random weights;
   * `random-frozen` allows it.
   */
  readonly weights?: string | undefined;
  /**
   * Attention on the branch of every residual block: se, eca or cbam. It starts as the identity, so trained weights initially give
   * the same output as without it. Default: the recipe's, which is none.
   */
  readonly attention?: string | undefined;
  /** Side of the square images that the network sees, in pixels. */
  readonly inputSize?: number | undefined;
  /** Images per step. */
  readonly batchSize?: number | undefined;
  /** Seed of everything random: a whole number from 0. Default: 0. */
  readonly seed?: number | undefined;
  readonly overrides?: Overrides | undefined;
  /** Time to fit input size and epochs to: seconds, or text such as `10m` or `1h30m`. */
  readonly timeBudget?: number | string | undefined;
}

/** Maximum number of differences that a message names. */
const NAMED = 3;
/** The backbone of weights that do not record theirs. */
const REFERENCE_MODEL = "resnet50";

/**
 * Returns the recipe by name, from a file or an object, with every option that changes it. `images` is the number of training
 * images.
 *
 * @throws UsageError.
 */
export function newRecipe(options: RecipeOptions, images?: number): Recipe {
  const { recipe, model } = { ...usualRecipe(options), ...given(options) };
  return resolved(contentOf(recipe), assignments({ ...options, model }), options, images);
}

/** Returns the recipe with these changes; its model is the variant recorded in the file of the weights, if any. */
function resolved(
  base: unknown,
  changes: readonly string[],
  options: RecipeOptions,
  images: number | undefined,
): Recipe {
  const known = { ...options, images };
  const recipe = resolveRecipe(base, changes, known);
  const model = backboneFor(recipe.model, options.weights);
  return model === recipe.model ? recipe : resolveRecipe(base, [...changes, ...assigned({ model })], known);
}

/** Returns the recipe and model that the options name; `usualRecipe` chooses the rest. */
function given({ recipe, model }: RecipeOptions): { recipe?: string | RecipeChanges; model?: string } {
  return { ...(recipe !== undefined && { recipe }), ...(model !== undefined && { model }) };
}

/**
 * Returns the recipe for a training that names none, and its model if it names none. A shipped model is adapted. Another backbone
 * starts from ImageNet's weights, or from random ones if there are none for it or none are wanted.
 */
function usualRecipe({ recipe, model, weights, overrides, backbones = [] }: RecipeOptions): {
  recipe: string;
  model?: string | undefined;
} {
  // A recipe names its own model.
  if (recipe !== undefined) return { recipe: "adapt" };
  const backbone = model ?? modelIn(overrides) ?? modelOf(weights);
  if (weights === "none") return { recipe: "scratch", model: backbone };
  const isOwn = backbones.some(({ name }) => name === backbone);
  const ships = shippedModels().includes(backbone) && !isOwn;
  if (ships) return { recipe: "adapt", model: backbone };
  const isPublished = sources[backbone] !== undefined && !isOwn;
  return { recipe: isPublished || weights !== undefined ? "progressive" : "scratch", model: backbone };
}

/** Returns the model that the overrides set. */
function modelIn(overrides: Overrides = []): string | undefined {
  const changes = overrides instanceof Array ? overrides : assigned(overrides);
  const text = changes.findLast((change) => change.startsWith("model="))?.slice("model=".length);
  return text?.replace(/^"(.*)"$/, "$1");
}

/** Returns the backbone of these weights: a classifier's, the reference's, or the default if no weights are named. */
function modelOf(weights: string | undefined): string {
  if (weights === undefined || weights === "none" || weights === "vultus") return DEFAULT_MODEL;
  return modelOfWeights(weights) ?? REFERENCE_MODEL;
}

/**
 * Returns the recipe of the run in `folder`, which cannot change during a training. The original options may be given again;
 * options that change the recipe are refused.
 */
export function resumedRecipe(folder: string, options: RecipeOptions, images?: number): Recipe {
  const { recipe } = runPaths(folder);
  const saved = parseJson(recipe, recipeSchema);
  const base = options.recipe === undefined ? saved : contentOf(options.recipe);
  const asked = resolved(base, assignments(options), options, images);
  // Only the start of a run depends on `startsFrom`, which runs of older versions lack.
  const differing = differences(asBegun(saved), asBegun(asked)).filter(
    ({ key }) => key !== "startsFrom" && (options.timeBudget === undefined || !changedByBudget(key)),
  );
  if (differing.length === 0) return saved;
  const named = differing.slice(0, NAMED).map(({ key, one, other }) => `${key} is ${one}, not ${other}`);
  if (differing.length > NAMED) named.push(`${differing.length - NAMED} more differ`);
  throw new UsageError(
    `a resumed run continues with the recipe in ${recipe}, but these options change it: ${named.join("; ")}. ` +
      `Leave them out, or start a new run with ${option("out")}`,
  );
}

/** Returns a file's content; a name or an object is returned unchanged. */
function contentOf(recipe: string | RecipeChanges): unknown {
  if (typeof recipe !== "string" || !/\.(json|ya?ml)$/.test(recipe)) return recipe;
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

function assignments(options: RecipeOptions): string[] {
  const { model, attention, inputSize, batchSize, seed, overrides = [] } = options;
  const changes = overrides instanceof Array ? overrides : assigned(overrides);
  return [...assigned({ model, attention, inputSize, batchSize, seed }), ...changes];
}

function assigned(values: { readonly [key: string]: Json | undefined }): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${JSON.stringify(value)}`],
  );
}
