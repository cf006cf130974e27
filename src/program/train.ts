/** Compiles the train step of a classifier: augmentation, network and loss as one objective. */

import type { Canvas } from "../augment/canvas.ts";
import type { Augmentation } from "../augment/settings.ts";
import { augmentedViews, type View } from "../augment/training.ts";
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { type Distillation, distillation } from "../losses/distillation.ts";
import { type LossChoice, lossOf } from "../losses/registry.ts";
import { type Architecture, buildFeatures, buildHead } from "../models/classifier.ts";
import { Network, stageOf } from "../nn/network.ts";
import { argMax } from "../ops/arg-max.ts";
import { cast } from "../ops/cast.ts";
import { equal } from "../ops/equal.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { GraphError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { compileStep, type StepOptions, type TrainProgram } from "./step.ts";
import { type Teacher, teacherProbabilities } from "./teachers.ts";

/** The input of a step: images to augment, normalised images, or cached features. */
export type TrainInput =
  | { readonly kind: "pictures"; readonly canvas: Canvas; readonly augmentation: Augmentation }
  | { readonly kind: "normalised" }
  | { readonly kind: "features" };

export interface TrainOptions extends Omit<StepOptions, "rateFactor"> {
  readonly architecture: Architecture;
  /** Weights of all frozen layers. */
  readonly weights: StateDict;
  readonly trainable: (stage: string) => boolean;
  readonly batch: number;
  readonly input: TrainInput;
  readonly batchNorm: "running" | "batch";
  /** The probability of skipping the last trained block for an image. Default: 0. */
  readonly stochasticDepth?: number;
  /** Factor of the learning rate of a stage. Default: 1. */
  readonly rateFactor?: (stage: string) => number;
  /** Default: cross-entropy. */
  readonly loss?: LossChoice;
  readonly labelSmoothing?: number;
  readonly classWeights?: readonly number[] | undefined;
  /** The share of each class among the training targets; only needed by a loss with logit adjustment. */
  readonly prior?: readonly number[] | undefined;
  /**
   * Networks whose predictions for the same images are learned in addition to the labels. Not allowed with `features` as input.
   */
  readonly teachers?: readonly Teacher[];
  /** How to learn from the teachers. Default: share 0.5 at temperature 1. */
  readonly distillation?: Distillation;
}

/** Feeds: the feeds of the input, and `targets` [N, C]. Metrics: `loss`, and `correct`, the number of correct rows. */
export function compileTrain(options: TrainOptions): TrainProgram {
  const { architecture, weights, batch, batchNorm, stochasticDepth = 0, trainable } = options;
  const { backbone, classes } = architecture;
  const { rateFactor, ...step } = options;
  const objective = (graph: Graph, compute: "float32" | "float16") => {
    const how = { batchNorm, stochasticDepth, trainable, training: true, compute };
    const net = new Network({ graph, weights, ...how });
    const view = inputViews(graph, options);
    const features = view
      ? buildFeatures(net, architecture, view(ownView(architecture)))
      : graph.input("features", "float32", [batch, backbone.features]);
    const logits = buildHead(net, architecture, features);
    const targets = graph.input("targets", "float32", [batch, classes.length]);
    const loss = graph.in("loss", () => lossOver(logits, targets, view, compute, options));
    return { networks: [net], loss, metrics: { correct: countCorrect(logits, targets) } };
  };
  return compileStep(`train ${backbone.name}`, objective, {
    ...step,
    rateFactor: rateFactor && ((name) => rateFactor(stageOf(backbone.stages, name) ?? "head")),
  });
}

function ownView({ backbone, inputSize: size }: Architecture): View {
  const { mean, std } = backbone.preprocessing;
  return { size, mean, std };
}

/** Returns the images for a network's size and normalisation; undefined for cached features. */
function inputViews(
  graph: Graph,
  { architecture, batch, input }: TrainOptions,
): ((view: View) => Value) | undefined {
  const own = ownView(architecture);
  if (input.kind === "features") return undefined;
  if (input.kind === "pictures") {
    const { canvas, augmentation } = input;
    return augmentedViews(graph, augmentation, { batch, canvas, size: own.size });
  }
  const images = graph.input("pictures", "float32", [batch, own.mean.length, own.size, own.size]);
  return (view) => {
    if (JSON.stringify(view) === JSON.stringify(own)) return images;
    throw new GraphError(
      "a teacher needs a different size or normalisation from the student; feed images to augment instead of normalised ones",
    );
  };
}

/** Returns the loss against the targets and, if there are teachers, against their predictions. */
function lossOver(
  logits: Value,
  targets: Value,
  view: ((view: View) => Value) | undefined,
  compute: "float32" | "float16",
  options: TrainOptions,
): Value {
  const { architecture, labelSmoothing = 0, classWeights, prior, teachers = [] } = options;
  const { loss, options: numbers } = lossOf(options.loss ?? { type: "crossEntropy" });
  const own = loss.build({ logits, targets, labelSmoothing, classWeights, prior }, numbers);
  if (teachers.length === 0) return own;
  if (!view)
    throw new GraphError("teachers need images, but the input is cached features; train without the cache");
  const { temperature, share } = options.distillation ?? { temperature: 1, share: 0.5 };
  const { classes } = architecture;
  const answers = teacherProbabilities(logits.graph, teachers, { classes, temperature, view, compute });
  return distillation(logits, own, answers, { temperature, share });
}

/** Returns the number of rows whose greatest logit is at the greatest target. */
function countCorrect(logits: Value, targets: Value): Value {
  return reduceSum(cast(equal(argMax(logits, -1), argMax(targets, -1)), "float32"));
}
