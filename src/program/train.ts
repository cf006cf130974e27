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

/** Where a step's input comes from: pictures that are augmented, normalised pictures, or cached features. */
export type TrainInput =
  | { readonly kind: "pictures"; readonly canvas: Canvas; readonly augmentation: Augmentation }
  | { readonly kind: "normalised" }
  | { readonly kind: "features" };

export interface TrainOptions extends Omit<StepOptions, "rateFactor"> {
  readonly architecture: Architecture;
  /** Numbers of everything that does not train. */
  readonly weights: StateDict;
  readonly trainable: (stage: string) => boolean;
  readonly batch: number;
  readonly input: TrainInput;
  readonly batchNorm: "running" | "batch";
  /** Factor of the learning rate for a stage; 1 where every stage learns at the same rate. */
  readonly rateFactor?: (stage: string) => number;
  /** Cross-entropy where none is given. */
  readonly loss?: LossChoice;
  readonly labelSmoothing?: number;
  readonly classWeights?: readonly number[] | undefined;
  /** Networks whose answers to the same images are learned beside the labels; they need `pictures` or `normalised`. */
  readonly teachers?: readonly Teacher[];
  /** How much of the teachers' answers; half of them at temperature 1 where it is not given. */
  readonly distillation?: Distillation;
}

/** Feeds: those of the input, and `targets` [N, C]. Metrics: `loss` and `correct`, the number of rows that were right. */
export function compileTrain(options: TrainOptions): TrainProgram {
  const { architecture, weights, batch, batchNorm, trainable } = options;
  const { backbone, classes } = architecture;
  const { rateFactor, ...step } = options;
  const objective = (graph: Graph, compute: "float32" | "float16") => {
    const net = new Network({ graph, weights, batchNorm, trainable, training: true, compute });
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

/** The images of the input as networks want them; nothing for cached features. */
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
    throw new GraphError("normalised images fit only a network of the same size and normalisation");
  };
}

/** The loss against the targets, and where there are teachers against their answers too. */
function lossOver(
  logits: Value,
  targets: Value,
  view: ((view: View) => Value) | undefined,
  compute: "float32" | "float16",
  options: TrainOptions,
): Value {
  const { architecture, labelSmoothing = 0, classWeights, teachers = [] } = options;
  const { loss, options: numbers } = lossOf(options.loss ?? { type: "crossEntropy" });
  const own = loss.build({ logits, targets, labelSmoothing, classWeights }, numbers);
  if (teachers.length === 0) return own;
  if (!view) throw new GraphError("teachers need images, cached features are fed; train without the cache");
  const { temperature, share } = options.distillation ?? { temperature: 1, share: 0.5 };
  const { classes } = architecture;
  const answers = teacherProbabilities(logits.graph, teachers, { classes, temperature, view, compute });
  return distillation(logits, own, answers, { temperature, share });
}

/** How many rows have their greatest logit where their greatest target is. */
function countCorrect(logits: Value, targets: Value): Value {
  return reduceSum(cast(equal(argMax(logits, -1), argMax(targets, -1)), "float32"));
}
