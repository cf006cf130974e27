/** Compiles the programs for inference: prediction from images, features from images, logits from features. */

import type { Canvas } from "../augment/canvas.ts";
import type { Augmentation } from "../augment/settings.ts";
import { buildTraining } from "../augment/training.ts";
import { buildValidation } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import type { Dim, Value } from "../graph/types.ts";
import { type Architecture, buildFeatures, buildHead } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { softmax } from "../ops/softmax.ts";
import type { StateDict } from "../util/tensor.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";

/** The batch may have any size. If the size is known, more convolutions can use Winograd's algorithm. */
const BATCH = "N";

/** From images on a canvas, resized and cropped as for validation: `logits`, `probabilities` and `features`. */
export function compilePredict(
  architecture: Architecture,
  weights: StateDict,
  canvas: Canvas,
  batch: Dim = BATCH,
): Program {
  const { inputSize: size } = architecture;
  const { mean, std } = architecture.backbone.preprocessing;
  return compile("predict", weights, (net) => {
    const pictures = buildValidation(net.graph, { batch, canvas, size, mean, std });
    const features = buildFeatures(net, architecture, pictures);
    const logits = buildHead(net, architecture, features);
    return { logits, probabilities: softmax(logits), features };
  });
}

/** From normalised images [N, C, S, S]: `logits`. For tests and benchmarks. */
export function compileForward(architecture: Architecture, weights: StateDict, batch: Dim = BATCH): Program {
  const { backbone, inputSize: size } = architecture;
  return compile("forward", weights, (net) => {
    const pictures = net.graph.input("pictures", "float32", [
      batch,
      backbone.preprocessing.mean.length,
      size,
      size,
    ]);
    return { logits: buildHead(net, architecture, buildFeatures(net, architecture, pictures)) };
  });
}

/** From images, augmented or prepared as for validation: `features` of the frozen backbone. */
export function compileFeatures(
  architecture: Architecture,
  weights: StateDict,
  canvas: Canvas,
  { batch, augmentation }: { readonly batch: number; readonly augmentation?: Augmentation },
): Program {
  const { inputSize: size } = architecture;
  const { mean, std } = architecture.backbone.preprocessing;
  return compile("features", weights, (net) => {
    const pictures = augmentation
      ? buildTraining(net.graph, augmentation, { batch, canvas, size, mean, std })
      : buildValidation(net.graph, { batch, canvas, size, mean, std });
    return { features: buildFeatures(net, architecture, pictures) };
  });
}

/** From `features` [N, F]: `logits`. */
export function compileHead(architecture: Architecture, weights: StateDict): Program {
  return compile("head", weights, (net) => {
    const features = net.graph.input("features", "float32", [BATCH, architecture.backbone.features]);
    return { logits: buildHead(net, architecture, features) };
  });
}

function compile(name: string, weights: StateDict, build: (net: Network) => Record<string, Value>): Program {
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => false, training: false });
  return finish(graph, name, build(net));
}
