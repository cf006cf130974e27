/** The recipe of a training: what the options ask for, or that of the run to resume. */

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
 * Changes of single numbers of the recipe: `{ "phases.0.epochs": 3 }`, or `["phases.0.epochs=3"]` as the command line takes
 * them. Phases are named by position or name.
 */
export type Overrides = { readonly [key: string]: Json | undefined } | readonly string[];

/** The options that determine the recipe. */
export interface RecipeOptions extends BackboneOptions {
  /**
   * progressive, finetune, scratch, faces, distil, adapt, a `.json` or `.yaml` file, or an object. Default: the one that suits
   * the model and its weights (`usualRecipe`): adapt for a model that ships.
   */
  readonly recipe?: string | RecipeChanges | undefined;
  /** Backbone by name, registered or among `backbones`. Default: the recipe's or, without a recipe, vultus_m. */
  readonly model?: string | undefined;
  /**
   * Weights to start from: imagenet, vultus or the name of a model that ships, a run folder, a file, or none. Default: those
   * that the recipe is made for; a note says which. `none` is refused for a recipe that would freeze stages of random weights;
   * `random-frozen` insists on it.
   */
  readonly weights?: string | undefined;
  /**
   * Attention over the branch of every residual block: se, eca or cbam. It starts as the identity, so trained weights compute
   * at first what they computed without it. Default: that of the recipe: none.
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

/** How many differences a message names. */
const NAMED = 3;
/** The backbone of weights that do not say whose they are. */
const REFERENCE_MODEL = "resnet50";

/**
 * The recipe by name, from a file or an object, with every option that changes it; `images` are those to train on.
 *
 * @throws UsageError.
 */
export function newRecipe(options: RecipeOptions, images?: number): Recipe {
  const { recipe, model } = { ...usualRecipe(options), ...given(options) };
  return resolved(contentOf(recipe), assignments({ ...options, model }), options, images);
}

/** The recipe with these changes; its model is the variant that the weights are of, where their file says so. */
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

/** What the options name of the two that `usualRecipe` chooses. */
function given({ recipe, model }: RecipeOptions): { recipe?: string | RecipeChanges; model?: string } {
  return { ...(recipe !== undefined && { recipe }), ...(model !== undefined && { model }) };
}

/**
 * The recipe for a training that names none, and its model if it names none: a model that ships is adapted, another backbone
 * starts from ImageNet's weights or, where there are none of it or none are wanted, from random ones.
 */
function usualRecipe({ recipe, model, weights, overrides, backbones = [] }: RecipeOptions): {
  recipe: string;
  model?: string | undefined;
} {
  // A recipe has a model of its own.
  if (recipe !== undefined) return { recipe: "adapt" };
  const backbone = model ?? modelIn(overrides) ?? modelOf(weights);
  if (weights === "none") return { recipe: "scratch", model: backbone };
  const isOwn = backbones.some(({ name }) => name === backbone);
  const ships = shippedModels().includes(backbone) && !isOwn;
  if (ships) return { recipe: "adapt", model: backbone };
  const isPublished = sources[backbone] !== undefined && !isOwn;
  return { recipe: isPublished || weights !== undefined ? "progressive" : "scratch", model: backbone };
}

/** The model that overrides set. */
function modelIn(overrides: Overrides = []): string | undefined {
  const changes = overrides instanceof Array ? overrides : assigned(overrides);
  const text = changes.findLast((change) => change.startsWith("model="))?.slice("model=".length);
  return text?.replace(/^"(.*)"$/, "$1");
}

/** The backbone of these weights: the default where none are named, that of a classifier, or the reference's. */
function modelOf(weights: string | undefined): string {
  if (weights === undefined || weights === "none" || weights === "vultus") return DEFAULT_MODEL;
  return modelOfWeights(weights) ?? REFERENCE_MODEL;
}

/**
 * The recipe of the run in `folder`, which cannot change half-way. The original options may be given again; options that
 * change the recipe are refused.
 */
export function resumedRecipe(folder: string, options: RecipeOptions, images?: number): Recipe {
  const { recipe } = runPaths(folder);
  const saved = parseJson(recipe, recipeSchema);
  const base = options.recipe === undefined ? saved : contentOf(options.recipe);
  const asked = resolved(base, assignments(options), options, images);
  // Nothing but the start of a run depends on `startsFrom`, which runs of older versions lack.
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

/** A file's content; a name or an object stays. */
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
