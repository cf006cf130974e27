/**
 * Compiles the bundle: one model from pictures of any size to probabilities, with its preprocessing inside, so that no
 * caller can prepare its pictures wrongly.
 */

import { buildAnySize } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { type Architecture, buildFeatures, buildHead } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import { softmax } from "../ops/softmax.ts";
import { transpose } from "../ops/transpose.ts";
import type { StateDict } from "../util/tensor.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";

/**
 * `uint8`: [N, H, W, 3], RGB bytes as decoders give them. `float32`: [N, 3, H, W], RGB from 0 to 1, as torchvision's
 * ToTensor gives them.
 */
export type BundleInput = "uint8" | "float32";

export interface BundleOptions {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  /** Logits are divided by it before the softmax; 1 leaves them. */
  readonly temperature?: number;
  readonly input?: BundleInput;
  /** How matrices are stored; they compute in float32 either way. */
  readonly stored?: "float32" | "float16";
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Feed `pictures`, all of a batch of one size; outputs `probabilities`, `logits` and `embedding` (before the head). */
export function compileBundle(options: BundleOptions): Program {
  const { architecture, weights, temperature = 1, input = "uint8", stored = "float32", metadata } = options;
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
  const scaled = temperature === 1 ? logits : mul(logits, 1 / temperature);
  return finish(graph, "bundle", { probabilities: softmax(scaled), logits, embedding }, metadata);
}

/** The input as [N, 3, H, W] from 0 to 1. */
export function pixels(graph: Graph, input: BundleInput): Value {
  if (input === "float32") return graph.input("pictures", "float32", ["N", 3, "H", "W"]);
  const bytes = graph.input("pictures", "uint8", ["N", "H", "W", 3]);
  return mul(cast(transpose(bytes, [0, 3, 1, 2]), "float32"), 1 / 255);
}
