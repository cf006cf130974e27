/** The weights that a training starts from: named, shipped, fetched from the hub, or none. */

import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { classKey } from "../data/names.ts";
import type { Backbone, Preprocessing } from "../models/backbone.ts";
import type { Architecture, describe } from "../models/classifier.ts";
import type { Recipe } from "../train/recipe.ts";
import { readEnvironment, runPaths } from "../train/run-folder.node.ts";
import { stagesUsedAsFound, trainableStages } from "../train/trainable.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { StateDict } from "../util/tensor.ts";
import { trainingImagesIn } from "../weights/classifier-file.ts";
import { fetchFromHub } from "../weights/hub.node.ts";
import { hubSettings } from "../weights/hub-settings.node.ts";
import { classifierPath, loadWeights } from "../weights/load.node.ts";
import { shippedModel, shippedModels } from "../weights/shipped.node.ts";
import { type ImagenetName, isImagenetName, weightSource } from "../weights/sources.ts";
import { noImages, type TrainingImagesRecord, unknownImages } from "../weights/training-images.ts";
import type { Teller } from "./events.ts";
import type { Suggestions } from "./train-command.ts";

/** Random weights, even if a recipe freezes them. */
const RANDOM_FROZEN = "random-frozen";

/** What a training starts from, before anything is read or fetched. */
export type Start =
  | { readonly kind: "random" }
  | { readonly kind: "shipped"; readonly name: string }
  | { readonly kind: "imagenet"; readonly choice: ImagenetName }
  | { readonly kind: "file"; readonly path: string };

/**
 * Chooses what the recipe starts from on this backbone: the `given` weights, or, if none are named, the default. A recipe that
 * builds on trained weights defaults to those of the shipped model if its backbone has one, and to ImageNet's otherwise.
 *
 * @throws UsageError if stages would be frozen with random weights, unless `given` explicitly allows it.
 */
export function chooseStart(
  recipe: Recipe,
  backbone: Backbone,
  given: string | undefined,
  { random }: Pick<Suggestions, "random">,
): Start {
  const start = startOf(recipe, backbone, given);
  if (start.kind !== "random" || given === RANDOM_FROZEN) return start;
  const frozen = stagesUsedAsFound(backbone, recipe);
  if (frozen.length === 0) return start;
  const trained = shippedModels().includes(backbone.name) ? backbone.name : "imagenet";
  throw new UsageError(
    `the recipe ${recipe.name} freezes stages of ${backbone.name} (${frozen.join(", ")}), and frozen random weights ` +
      `extract no useful features. To train the whole network from random weights:\n  ${random}\n` +
      `Or start from trained weights with ${option("weights", trained)}, or allow this with ${option("weights", RANDOM_FROZEN)}`,
  );
}

function startOf(recipe: Recipe, backbone: Backbone, given: string | undefined): Start {
  const shipped = shippedModels();
  if (given === "none" || given === RANDOM_FROZEN) return { kind: "random" };
  if (given === "vultus") return { kind: "shipped", name: backbone.name };
  if (given !== undefined) {
    if (isImagenetName(given)) return { kind: "imagenet", choice: given };
    return shipped.includes(given) && !existsSync(given)
      ? { kind: "shipped", name: given }
      : { kind: "file", path: given };
  }
  const ships = shipped.includes(backbone.name);
  if (!buildsOnTrained(recipe, backbone, ships)) return { kind: "random" };
  return ships ? { kind: "shipped", name: backbone.name } : { kind: "imagenet", choice: "imagenet" };
}

/**
 * Whether the recipe is made for trained weights. A recipe that does not state it is if it freezes stages, or if, on a shipped
 * model, it starts with running statistics, which random weights do not have.
 */
function buildsOnTrained(recipe: Recipe, backbone: Backbone, ships: boolean): boolean {
  if (recipe.startsFrom !== undefined) return recipe.startsFrom === "trained";
  return freezes(recipe, backbone) || (ships && recipe.phases[0]?.batchNorm === "running");
}

/** Whether a phase freezes a stage of the backbone. */
function freezes({ phases }: Recipe, backbone: Backbone): boolean {
  return phases.some(({ train }) => {
    const trained = trainableStages(backbone, train);
    return backbone.stages.some((stage) => !trained.has(stage));
  });
}

/** The weights that a training starts with. */
export interface StartingWeights {
  /** Missing ones are drawn from the recipe's seed. */
  readonly weights: StateDict;
  /** Their origin in words, which the run records. */
  readonly source: string;
  /** The images that the weights were trained on. */
  readonly imagesBefore: TrainingImagesRecord;
}

/** Finds or fetches the weights to start from; a note reports which. @throws UsageError as `chooseStart` does, or if there are none. */
export async function startingWeights(
  architecture: Architecture,
  description: ReturnType<typeof describe>,
  recipe: Recipe,
  given: string | undefined,
  suggestions: Suggestions,
  signal: AbortSignal,
  teller: Teller,
): Promise<StartingWeights> {
  const { backbone } = architecture;
  const start = chooseStart(recipe, backbone, given, suggestions);
  if (start.kind === "random") {
    const source = `none, all drawn from the seed ${recipe.seed}`;
    teller.note(`weights: ${source}`);
    for (const warning of randomWarnings(recipe, backbone)) teller.note(warning);
    return { weights: new Map(), source, imagesBefore: noImages };
  }
  const { path, source, name, normalisation }: FoundWeights =
    start.kind === "shipped"
      ? { path: shippedModel(start.name), source: `${start.name}, the model that ships`, name: start.name }
      : start.kind === "file"
        ? weightsFile(start.path)
        : await imagenetWeights(backbone, start.choice, recipe, suggestions, signal, teller);
  const rows = { keyOf: classKey, seed: recipe.seed };
  const { weights, notes, metadata } = loadWeights(path, architecture, description, rows, normalisation);
  teller.note(`weights: ${source}`);
  for (const note of notes) teller.note(note.replace(path, name));
  return {
    weights,
    source,
    imagesBefore: start.kind === "imagenet" ? noImages : (trainingImagesIn(metadata, path) ?? unknownImages),
  };
}

/** Returns what the run in `folder` started from, as recorded, with a note. The weights themselves are in its checkpoint. */
export function recordedStart(
  folder: string,
  recipe: Recipe,
  backbone: Backbone,
  teller: Teller,
): StartingWeights {
  const { weights } = readEnvironment(runPaths(folder));
  teller.note(`weights: ${weights || "not recorded"} (at the start of the run)`);
  // Runs of older versions may have frozen random weights without the explicit option.
  if (weights.startsWith("none"))
    for (const warning of randomWarnings(recipe, backbone)) teller.note(warning);
  return { weights: new Map(), source: weights, imagesBefore: unknownImages };
}

function randomWarnings(recipe: Recipe, backbone: Backbone): string[] {
  const frozen = stagesUsedAsFound(backbone, recipe);
  if (frozen.length > 0) return [`warning: random weights stay frozen: ${frozen.join(", ")}`];
  if (recipe.startsFrom !== "trained") return [];
  return [
    `warning: the recipe ${recipe.name} is made for trained weights, but these are random; use ${option("recipe", "scratch")} instead`,
  ];
}

/** A weight file, and its origin in words. */
interface FoundWeights {
  readonly path: string;
  readonly source: string;
  /** Name of the file, for messages. */
  readonly name: string;
  /** Normalisation that the weights were trained with, if the source states it. */
  readonly normalisation?: Pick<Preprocessing, "mean" | "std">;
}

/** Returns the named file, or the best weights of a run folder. */
function weightsFile(given: string): FoundWeights {
  const isRun = existsSync(join(given, "recipe.json"));
  const path = isRun ? classifierPath(given) : given;
  const name = basename(path);
  // The weight files of all runs have the same name.
  const isBest = name.startsWith("best.");
  return { path, source: isBest ? `${basename(dirname(resolve(path)))}/${name}` : name, name: path };
}

/** Fetches the weights from the hub. If that fails, the error begins with what works without them. */
async function imagenetWeights(
  backbone: Backbone,
  choice: ImagenetName,
  recipe: Recipe,
  { offline, random }: Suggestions,
  signal: AbortSignal,
  teller: Teller,
): Promise<FoundWeights> {
  try {
    return await fetchImagenet(backbone, choice, recipe, signal, teller);
  } catch (error) {
    if (!(error instanceof VultusError) || signal.aborted) throw error;
    throw new UsageError(
      `the recipe ${recipe.name} starts ${backbone.name} from ImageNet's weights, but they are not available here. ` +
        `To train without them, and without a network:\n  ${offline}\n` +
        `To start ${backbone.name} from random weights:\n  ${random}\nWhy they are not available: ${error.message}`,
    );
  }
}

/** Finds the registered weights of a backbone in the hub's cache, or downloads them into it. */
async function fetchImagenet(
  backbone: Backbone,
  choice: ImagenetName,
  recipe: Recipe,
  signal: AbortSignal,
  teller: Teller,
): Promise<FoundWeights> {
  const source = weightSource(backbone, choice);
  const { path, notes } = await fetchFromHub({
    ...source,
    ...hubSettings(),
    ...(source.elsewhere !== undefined && { without: source.elsewhere }),
    signal,
    onProgress: ({ bytes, total, waiting }) =>
      teller.tell({
        type: "progress",
        stage: "downloading weights",
        done: bytes,
        ...(total ? { total } : {}),
        ...(waiting === undefined ? {} : { waiting }),
      }),
  });
  for (const note of notes) teller.note(note);
  const { resize, crop } = source.preprocessing;
  if (Math.abs(resize / crop - recipe.validationResize) > 1e-3)
    teller.note(
      `these weights were scored at ${resize}/${crop}; to do the same, add --set validationResize=${(resize / crop).toFixed(4)}`,
    );
  const words = `${source.title} of ${backbone.name}, from ${source.repo}`;
  return { path, source: words, name: path, normalisation: source.preprocessing };
}
