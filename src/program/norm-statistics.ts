/** Compiles the program that measures the input of each batch norm in a backbone. */

import type { Canvas } from "../augment/canvas.ts";
import { buildValidation } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import { type Architecture, buildFeatures } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import type { Norm } from "../nn/norm.ts";
import type { StateDict } from "../util/tensor.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";

/** Returns the name of the output that measures a running statistic. */
export const ofBatch = (statistic: string): string => `batch.${statistic}`;

export interface NormStatistics {
  /**
   * Feeds: images on a canvas, prepared as for validation, and the running statistics that the network uses. Outputs: the same
   * statistics measured on the batch, that is, the mean and the biased variance [C] of each norm's input.
   */
  readonly program: Program;
  /** The batch norms of the backbone's convolutions, in order. */
  readonly norms: readonly Norm[];
}

export function compileNormStatistics(
  architecture: Architecture,
  weights: StateDict,
  canvas: Canvas,
  batch: number,
): NormStatistics {
  const { backbone, inputSize: size } = architecture;
  const { mean, std } = backbone.preprocessing;
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => false, batchNorm: "measure", training: false });
  buildFeatures(net, architecture, buildValidation(graph, { batch, canvas, size, mean, std }));
  const measured = [...net.parameters.state.values()].flatMap(({ name, next }) =>
    next ? [[ofBatch(name), next] as const] : [],
  );
  return { program: finish(graph, "norm statistics", Object.fromEntries(measured)), norms: net.norms };
}
