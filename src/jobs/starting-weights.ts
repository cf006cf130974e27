/** The weights that a training starts from: named, shipped, fetched from the hub, or none. */

import { basename } from "node:path";
import type { Backbone } from "../models/backbone.ts";
import type { Architecture, describe } from "../models/classifier.ts";
import type { Recipe } from "../train/recipe.ts";
import { trainableStages } from "../train/trainable.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { fetchFromHub } from "../weights/hub.node.ts";
import { hubSettings } from "../weights/hub-settings.node.ts";
import { loadWeights } from "../weights/load.node.ts";
import { shippedModel, shippedModels } from "../weights/shipped.node.ts";
import { type ImagenetName, isImagenetName, weightSource } from "../weights/sources.ts";
import type { Teller } from "./events.ts";

/**
 * The weights to start from, found or fetched. Where none are named, a recipe that builds on trained weights takes those of
 * the model that ships, if its backbone has one; ImageNet's where it freezes stages; and otherwise new ones are drawn.
 */
export async function startingWeights(
  architecture: Architecture,
  description: ReturnType<typeof describe>,
  recipe: Recipe,
  given: string | undefined,
  signal: AbortSignal,
  teller: Teller,
): Promise<{ weights: StateDict; source: string }> {
  const { backbone } = architecture;
  const drawn = { weights: new Map(), source: `none, all drawn from the seed ${recipe.seed}` };
  if (given === "none") {
    teller.note("weights: none, all drawn at random as requested");
    return drawn;
  }
  const ships = given === undefined && shippedModels().includes(backbone.name);
  if (given === undefined && !(freezes(recipe, backbone) || (ships && buildsOnStatistics(recipe)))) {
    teller.note("weights: none named, so all are drawn at random (--weights)");
    return drawn;
  }
  if (ships) teller.note(`weights: those of ${backbone.name}, which ships; --weights none draws new ones`);
  const { path, source } = await weightsPath(ships ? "vultus" : given, recipe, backbone, signal, teller);
  const { weights, notes } = loadWeights(path, architecture, description);
  for (const note of notes) teller.note(note);
  return { weights, source };
}

/** Whether a phase keeps a stage of the backbone as it is. */
function freezes({ phases }: Recipe, backbone: Backbone): boolean {
  return phases.some(({ train }) => {
    const trained = trainableStages(backbone, train);
    return backbone.stages.some((stage) => !trained.has(stage));
  });
}

/** Whether the recipe begins with running statistics, which random weights do not have. */
function buildsOnStatistics({ phases }: Recipe): boolean {
  return phases[0]?.batchNorm === "running";
}

/** A file of weights, and its origin in words, which the run records. */
interface FoundWeights {
  readonly path: string;
  readonly source: string;
}

/** The file that was named, or that of the hub for a recipe that freezes stages. */
async function weightsPath(
  given: string | undefined,
  recipe: Recipe,
  backbone: Backbone,
  signal: AbortSignal,
  teller: Teller,
): Promise<FoundWeights> {
  if (given === "vultus") return { path: shippedModel(backbone.name), source: "vultus" };
  if (given !== undefined)
    return isImagenetName(given)
      ? fetchImagenet(backbone, given, recipe, signal, teller)
      : { path: given, source: basename(given) };
  try {
    return await fetchImagenet(backbone, "imagenet", recipe, signal, teller);
  } catch (error) {
    if (!(error instanceof VultusError) || signal.aborted) throw error;
    throw new UsageError(
      `the recipe ${recipe.name} keeps stages of ${backbone.name} frozen, so it needs pretrained weights: ${error.message}\n` +
        "Or train from random weights with --weights none",
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
      `these weights were scored at ${resize}/${crop}: --set validationResize=${(resize / crop).toFixed(4)} does the same`,
    );
  const words = `torchvision's ${source.torchvision} of ${backbone.name}, from ${source.repo}`;
  teller.note(`weights: ${words}`);
  return { path, source: words };
}
