/**
 * Compiles the bundle: one model from images of any size to probabilities, with its preprocessing inside, so that no
 * caller can prepare its images wrongly.
 */

import { buildAnySize } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { type Architecture, buildFeatures, buildHead } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import { transpose } from "../ops/transpose.ts";
import type { StateDict } from "../util/tensor.ts";
import {
  type Answering,
  answeringOf,
  classifierMetadata,
  type Provenance,
} from "../weights/classifier-file.ts";
import { answers } from "./answering.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";

/**
 * `uint8`: [N, H, W, 3], RGB bytes as returned by decoders. `float32`: [N, 3, H, W], RGB from 0 to 1, as returned by
 * torchvision's ToTensor.
 */
export type BundleInput = "uint8" | "float32";

export interface BundleOptions extends Partial<Answering> {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  readonly input?: BundleInput;
  /** Storage type of matrices; they compute in float32 either way. */
  readonly stored?: "float32" | "float16";
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Feed: `pictures`, all images of a batch having the same size. Outputs: `probabilities`, `logits` and `embedding` (before the
 * head). Default of `temperature`: 1.
 */
export function compileBundle(options: BundleOptions): Program {
  const { architecture, weights, input = "uint8", stored = "float32", metadata } = options;
  const { backbone, inputSize: size, resize } = architecture;
  const { mean, std } = backbone.preprocessing;
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => false, training: false, named: stored });
  const embedding = buildFeatures(
    net,
    architecture,
    buildAnySize(pixels(graph, input), { size, resize, mean, std }),
  );
  const logits = buildHead(net, architecture, embedding);
  return finish(graph, "bundle", { ...answers(logits, options), embedding }, metadata);
}

/** Encodes the bundle as a file whose metadata records its origin; `name` is its name in error messages. */
export function encodeBundle(
  options: Omit<BundleOptions, "metadata" | "temperature" | "offset">,
  provenance: Provenance,
  name: string,
): Uint8Array {
  const metadata = classifierMetadata(options.architecture, { temperature: 1, ...provenance });
  return compileBundle({ ...options, ...answeringOf(metadata, name), metadata }).model;
}

/** Returns the input as [N, 3, H, W] from 0 to 1. */
export function pixels(graph: Graph, input: BundleInput): Value {
  if (input === "float32") return graph.input("pictures", "float32", ["N", 3, "H", "W"]);
  const bytes = graph.input("pictures", "uint8", ["N", "H", "W", 3]);
  return mul(cast(transpose(bytes, [0, 3, 1, 2]), "float32"), 1 / 255);
}
