/** The result of a browser training as a bundle, measured on the held-out examples. */

import { keysOf } from "../data/image-keys.ts";
import type { Pixels } from "../data/pixels.ts";
import { bundleOutputs, finalScore, labelsOf, metricsOf } from "../evaluate/evaluate.ts";
import type { Architecture } from "../models/classifier.ts";
import { encodeBundle } from "../program/bundle.ts";
import { decodeBundle } from "../program/decode-bundle.ts";
import type { Engine } from "../runtime/engine.ts";
import type { StateDict } from "../util/tensor.ts";
import { version } from "../util/version.web.ts";
import type { Provenance } from "../weights/classifier-file.ts";
import { recordOf, type TrainingImagesRecord } from "../weights/training-images.ts";
import { countsOf } from "./examples.web.ts";
import type { Recipe } from "./recipe.ts";
import { trainedPrior } from "./trained-prior.ts";

export interface Trained {
  readonly architecture: Architecture;
  readonly recipe: Recipe;
  readonly training: Pixels;
  readonly validation: Pixels;
  readonly weights: StateDict;
}

/** Additional entries of its card. */
export interface About {
  /** The images that the model at the start was trained on. */
  readonly start: TrainingImagesRecord;
  readonly name: string | undefined;
  /** Fingerprint of the examples. */
  readonly fingerprint: string;
  readonly measure: boolean;
}

export interface TrainedBundle {
  readonly bundle: Uint8Array;
  /** Probabilities of the validation examples [N, classes]; empty if nothing is measured. */
  readonly probabilities: Float32Array;
  readonly notes: readonly string[];
}

/** Compiles the bundle, scores it if requested, and stores its provenance in it. */
export async function bundleOfTraining(
  engine: Engine,
  { architecture, recipe, training, validation, weights }: Trained,
  { start, name, fingerprint, measure }: About,
): Promise<TrainedBundle> {
  const { classes } = architecture;
  const provenance: Provenance = {
    ...(name !== undefined && { name }),
    trainedIn: "browser",
    counts: { training: countsOf(training, classes), validation: countsOf(validation, classes) },
    trainedPrior: trainedPrior(training.samples, classes.length, recipe),
    dataFingerprint: fingerprint,
    // A page without HTTPS has no hashes.
    ...(isSecureContext && { recipeSha256: await sha256(`${JSON.stringify(recipe, null, 2)}\n`) }),
    vultusVersion: version,
    trainingImages: recordOf(start, keysOf(training)),
  };
  const encoded = (more: Provenance): Uint8Array =>
    encodeBundle({ architecture, weights }, { ...provenance, ...more }, "the model");
  if (!measure) return { bundle: encoded({}), probabilities: new Float32Array(0), notes: [] };
  // Scores the file that users will run.
  const { logits } = await bundleOutputs(engine, decodeBundle(encoded({}), "the model"), validation);
  const held = { logits, labels: labelsOf(validation), votes: [] };
  const { evaluation, temperature, notes } = finalScore(held, classes);
  return {
    bundle: encoded({ temperature, metrics: metricsOf(evaluation, "validation") }),
    probabilities: evaluation.probabilities,
    notes,
  };
}

/** SHA-256 in hexadecimal digits. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
