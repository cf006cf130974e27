/** Builds one concrete recipe from a name or a file's content and the requested changes; refuses invalid ones. */

import type { z } from "zod";
import { Graph } from "../graph/graph.ts";
import { withAttention } from "../models/attention.ts";
import type { Backbone } from "../models/backbone.ts";
import { type BackboneOptions, backboneNamed } from "../models/registry.ts";
import { pictures } from "../nn/features.ts";
import { weightless } from "../nn/network.ts";
import { GraphError, UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { type Recipe, type RecipeInput, recipeSchema, trainingSize } from "./recipe.ts";
import { type RecipeOptions, recipes, startingPoint } from "./recipes.ts";
import { trainableStages } from "./trainable.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type PhaseInput = RecipeInput["phases"][number];

/** A recipe, or the changes to the one that `extends` names. */
export interface RecipeChanges extends Partial<Omit<RecipeInput, "phases" | "augmentation">> {
  readonly extends?: string;
  readonly augmentation?: Partial<RecipeInput["augmentation"]>;
  /** A list replaces the phases; an object changes phases by name or position. */
  readonly phases?: readonly PhaseInput[] | { readonly [phase: string]: Partial<PhaseInput> };
}

/**
 * Returns the recipe of this name, or the one that an object describes, after applying assignments such as `phases.1.epochs=5` or
 * `phases.head.patience=2` in order. An object may contain `extends: "finetune"` and only the differences; its `phases` are then
 * a list that replaces the inherited one, or an object that changes phases by name or position. The model must be registered or
 * among `known.backbones`; `known.images` is the number of training images, on which some recipes depend.
 */
export function resolveRecipe(
  base: unknown,
  assignments: readonly string[] = [],
  known: Omit<RecipeOptions, "model"> = {},
): Recipe {
  const { extends: parent, ...own } = typeof base === "string" ? { extends: base } : objectOf(base);
  const changes: Json[] = [own, ...assignments.map(parseAssignment)];
  const models = changes.map((change) => (isObject(change) ? change.model : undefined));
  const model = models.findLast((name) => typeof name === "string");
  const options = model === undefined ? known : { ...known, model };
  const parents = parent === undefined ? startingPoint(options) : recipeNamed(parent)(options);
  // The starting weights of a recipe depend on its phases, so those for other phases are not inherited.
  const { startsFrom, ...rest } = parents as RecipeInput;
  const isReplaced = changes.some((change) => isObject(change) && Array.isArray(change.phases));
  const start = isReplaced || startsFrom === undefined ? rest : parents;
  return checkRecipe(
    changes.reduce((recipe, change) => merge(recipe, change, []), start as Json),
    known,
  );
}

/** Checks a recipe that may omit only what has a default in the schema. */
export function checkRecipe(value: unknown, known: BackboneOptions = {}): Recipe {
  const parsed = recipeSchema.safeParse(value);
  if (!parsed.success) throw new UsageError(describe(parsed.error.issues[0] as z.core.$ZodIssue, value));
  const recipe = parsed.data;
  const backbone = withAttention(backboneNamed(recipe.model, known), recipe.attention);
  if (recipe.inputSize < backbone.smallest) {
    throw new UsageError(
      `recipe: inputSize is ${recipe.inputSize}: must be at least ${backbone.smallest} for ${backbone.name}`,
    );
  }
  const { inputSize } = recipe;
  const trained =
    inputSize === backbone.preprocessing.size ? undefined : shapesAt(backbone, inputSize, "inputSize");
  for (const [i, phase] of recipe.phases.entries()) {
    const { train, inputScale } = phase;
    const size = trainingSize(recipe, phase);
    if (size < backbone.smallest) {
      throw new UsageError(
        `recipe: phases.${i}.inputScale is ${inputScale}: that makes ${size} px, must be at least ${backbone.smallest} for ${backbone.name}`,
      );
    }
    const here = `phases.${i}.inputScale`;
    if (
      size !== inputSize &&
      shapesAt(backbone, size, here) !== (trained ?? shapesAt(backbone, inputSize, here))
    ) {
      throw new UsageError(
        `recipe: ${here} is ${inputScale}: ${backbone.name} has tensors that belong to one input size, so every phase must train at it: --set ${here}=1`,
      );
    }
    const groups = backbone.unfreeze.length;
    if (typeof train === "number" && train > groups) {
      throw new UsageError(
        `recipe: phases.${i}.train is ${train}: ${backbone.name} has only ${groups} groups of stages to unfreeze`,
      );
    }
    trainableStages(backbone, train);
  }
  return recipe;
}

/** Returns the shapes of a backbone's tensors for images of this size. @throws UsageError if it does not accept such images. */
function shapesAt(backbone: Backbone, size: number, what: string): string {
  const graph = new Graph();
  const net = weightless(graph);
  const channels = backbone.preprocessing.mean.length;
  try {
    backbone.build(net, pictures(graph.input("pictures", "float32", [1, channels, size, size])));
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new UsageError(`recipe: ${what} makes images of ${size} px: ${error.message}`);
  }
  return [...net.parameters.specs.values()].map(({ name, shape }) => `${name} ${shape.join()}`).join();
}

function describe({ code, path, message }: z.core.$ZodIssue, recipe: unknown): string {
  const where = path.join(".");
  if (code === "unrecognized_keys") return `recipe: ${where || "it"} ${message}`;
  const found = path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], recipe);
  const text = found === undefined ? "missing" : shortened(JSON.stringify(found));
  return `recipe: ${where} is ${text}: ${message}`;
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function recipeNamed(name: Json) {
  const recipe = typeof name === "string" && Object.hasOwn(recipes, name) ? recipes[name] : undefined;
  if (recipe) return recipe;
  const names = Object.keys(recipes);
  throw new UsageError(
    `there is no recipe ${JSON.stringify(name)}.${typeof name === "string" ? didYouMean(name, names) : ""} Valid: ${names.join(", ")}, or a file`,
  );
}

/** Parses `phases.1.epochs=5` as {phases: {1: {epochs: 5}}}. */
function parseAssignment(assignment: string): Json {
  const equals = assignment.indexOf("=");
  if (equals < 1) {
    throw new UsageError(`--set ${assignment}: write it as key=value, for example phases.1.epochs=5`);
  }
  const keys = assignment.slice(0, equals).split(".");
  return keys.reduceRight<Json>((value, key) => ({ [key]: value }), parseValue(assignment.slice(equals + 1)));
}

/** Parses JSON, or returns the text itself, so that names need no quotes. */
function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** Merges `change` into `base`: objects by key, lists by entry if the change names entries. */
function merge(base: Json | undefined, change: Json, path: readonly string[]): Json {
  if (!isObject(change)) return change;
  if (Array.isArray(base)) {
    return Object.entries(change).reduce<Json[]>((list, [key, value]) => {
      const index = indexIn(list, key, path);
      return list.with(index, merge(list[index], value, [...path, key]));
    }, base);
  }
  // Another type of optimizer or schedule has other settings, so the old ones are dropped.
  const retyped = isObject(base) && change.type !== undefined && change.type !== base.type;
  const merged = new Map(isObject(base) && !retyped ? Object.entries(base) : []);
  for (const [key, value] of Object.entries(change))
    merged.set(key, merge(merged.get(key), value, [...path, key]));
  return Object.fromEntries(merged);
}

/** Returns the index of the entry with this name or position in a list. */
function indexIn(list: readonly Json[], key: string, path: readonly string[]): number {
  const names = list.map((entry, i) =>
    isObject(entry) && typeof entry.name === "string" ? entry.name : String(i),
  );
  if (names.includes(key)) return names.indexOf(key);
  if (/^\d+$/.test(key) && Number(key) < list.length) return Number(key);
  const valid = `${names.join(", ")}, or a number from 0 to ${list.length - 1}`;
  throw new UsageError(
    `recipe: ${path.join(".")} has no entry "${key}".${didYouMean(key, names)} Valid: ${valid}`,
  );
}

function objectOf(value: unknown): { [key: string]: Json } {
  if (isObject(value as Json)) return value as { [key: string]: Json };
  throw new UsageError(
    `recipe: it is ${JSON.stringify(value)}: must be an object such as {"extends": "finetune", "inputSize": 96}`,
  );
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
