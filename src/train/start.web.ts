/** The start of a browser training: a model, its network's weights, the recipe and the device. */

import { classKey } from "../data/names.ts";
import { bundleAgrees } from "../evaluate/web-gpu.web.ts";
import { type Architecture, describe, withNewWeights } from "../models/classifier.ts";
import { type Bundle, decodeBundle } from "../program/decode-bundle.ts";
import { hasWebGpu, type WebDevice } from "../runtime/session.web.ts";
import { fetchBytes, nameOf } from "../util/bytes.web.ts";
import { UsageError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import type { WeightsFile } from "../weights/classifier.ts";
import { networkOf, trainingImagesIn } from "../weights/classifier-file.ts";
import { decodeOnnxWeights } from "../weights/onnx-weights.ts";
import { refuseEnsemble, takenOver } from "../weights/taken-over.ts";
import { type TrainingImagesRecord, unknownImages } from "../weights/training-images.ts";
import { type RecipeChanges, resolveRecipe } from "./override.ts";
import type { Recipe } from "./recipe.ts";
import type { WebTrainOptions } from "./train-options.web.ts";

/** Trains the head alone, which takes seconds, like Teachable Machine; for comparison. */
const headOnly: RecipeChanges = {
  extends: "adapt",
  name: "head",
  phases: [
    {
      name: "head",
      train: "head",
      epochs: 15,
      patience: 15,
      // As in `quickstart`: a head learns too little from few updates at the rate of a whole network.
      optimizer: { type: "adamw", learningRate: 1e-2, weightDecay: 1e-4 },
      schedule: { type: "cosine", warmup: 1, minimumFactor: 0 },
    },
  ],
};

/** The model that a training starts from. */
export interface Start {
  readonly bytes: Uint8Array;
  /** Its name in error messages. */
  readonly name: string;
  readonly bundle: Bundle;
  readonly file: WeightsFile;
  /** The images that it was trained on. */
  readonly record: TrainingImagesRecord;
}

/** @throws VultusError if it cannot be fetched; FormatError for a file that is not a bundle; UsageError for an ensemble. */
export async function readStart(model: WebTrainOptions["model"]): Promise<Start> {
  const [bytes, name] = [await fetchBytes(model), nameOf(model)];
  const bundle = decodeBundle(bytes, name);
  refuseEnsemble(bundle.metadata, name);
  const file = decodeOnnxWeights(bytes, name);
  return { bytes, name, bundle, file, record: trainingImagesIn(bundle.metadata, name) ?? unknownImages };
}

/** Returns the recipe for a model's network; head and size are kept unless the changes set others. @throws UsageError. */
export function recipeOf(
  { bundle: { architecture: described }, name }: Start,
  asked: NonNullable<WebTrainOptions["recipe"]>,
  seed: number,
  images: number,
): Recipe {
  const { backbone: model, head, attention = "none" } = networkOf(described, name);
  const own = { model, head, attention, inputSize: described.inputSize };
  const changes = asked === "head" ? headOnly : typeof asked === "string" ? { extends: asked } : asked;
  const recipe = resolveRecipe({ ...own, ...changes }, [`seed=${JSON.stringify(seed)}`], { images });
  if (recipe.model !== model)
    throw new UsageError(
      `the recipe trains ${recipe.model}, but ${name} is a ${model}; remove the model from the recipe`,
    );
  return recipe;
}

/** Returns the weights of the model that fit, and new ones for the rest. @throws UsageError if they do not fit the network. */
export function startingWeights(
  { file, name }: Start,
  architecture: Architecture,
  seed: number,
): { readonly weights: StateDict; readonly notes: readonly string[] } {
  const description = describe(architecture);
  const { weights, notes } = takenOver(file, name, architecture, description, { keyOf: classKey, seed });
  return { weights: withNewWeights(description.specs, weights, seed), notes };
}

export async function deviceOf(
  { bundle }: Start,
  asked: WebTrainOptions["device"] = "auto",
): Promise<WebDevice> {
  if (asked !== "auto") return asked;
  try {
    return (await hasWebGpu()) && (await bundleAgrees(bundle)) ? "webgpu" : "cpu";
  } catch {
    return "cpu";
  }
}
