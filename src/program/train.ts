/** Compiles one train step: augmentation, forward and backward pass, loss and optimizer in one graph. */

import type { Canvas } from "../augment/canvas.ts";
import type { Augmentation } from "../augment/settings.ts";
import { buildTraining } from "../augment/training.ts";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { type Architecture, buildFeatures, buildHead } from "../models/classifier.ts";
import { crossEntropy } from "../nn/losses.ts";
import { Network, stageOf } from "../nn/network.ts";
import type { StateTensor } from "../nn/parameters.ts";
import { add } from "../ops/add.ts";
import { argMax } from "../ops/arg-max.ts";
import { cast } from "../ops/cast.ts";
import { equal } from "../ops/equal.ts";
import { mul } from "../ops/mul.ts";
import { reciprocal } from "../ops/reciprocal.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { where } from "../ops/where.ts";
import { allFinite, clipByGlobalNorm, movingAverage } from "../optim/gradient-tools.ts";
import { type OptimizerOptions, stepScalars, type Update, update } from "../optim/optimizer.ts";
import type { StateDict } from "../util/tensor.ts";
import { nextName, type Program, type ProgramTensor, type Role, stateEntry } from "./program.ts";

/** Where a step's input comes from: pictures that are augmented, normalised pictures, or cached features. */
export type TrainInput =
  | { readonly kind: "pictures"; readonly canvas: Canvas; readonly augmentation: Augmentation }
  | { readonly kind: "normalised" }
  | { readonly kind: "features" };

export interface TrainOptions {
  readonly architecture: Architecture;
  /** Numbers of everything that does not train. */
  readonly weights: StateDict;
  readonly trainable: (stage: string) => boolean;
  readonly batch: number;
  readonly input: TrainInput;
  readonly batchNorm: "running" | "batch";
  readonly optimizer: OptimizerOptions;
  /** Factor of the learning rate for a stage; 1 where every stage learns at the same rate. */
  readonly rateFactor?: (stage: string) => number;
  readonly labelSmoothing?: number;
  readonly classWeights?: readonly number[] | undefined;
  /** Greatest joint norm of the gradients; 0 leaves them. */
  readonly clipNorm?: number;
  /** Whether a moving average of the weights is kept; `averageShare` is then fed with every step. */
  readonly ema?: boolean;
  /** Batches whose gradients are averaged before one update. */
  readonly accumulate?: number;
  readonly precision?: "fp32" | "fp16";
  /** Also return every gradient, as `gradient.<name>`, for tests. */
  readonly exposeGradients?: boolean;
}

/** fp16 training doubles its loss scale after this many steps without an infinity (PyTorch's GradScaler). */
const SCALE_GROWTH_INTERVAL = 2000;
/** Every WebGPU device lets a shader use eight buffers: one that holds vectors together, and one for each of them. */
const VECTORS_AT_ONCE = 7;
/** PyTorch's initial loss scale. */
export const INITIAL_SCALE = 65536;

export function compileTrain(options: TrainOptions): Program {
  const { architecture, weights, batch, batchNorm, precision = "fp32", accumulate = 1 } = options;
  const graph = new Graph();
  const tensors: ProgramTensor[] = [];
  const half = precision === "fp16";
  const net = new Network({
    graph,
    weights,
    batchNorm,
    trainable: options.trainable,
    training: true,
    compute: half ? "float16" : "float32",
  });
  const logits = buildLogits(net, options);
  const targets = graph.input("targets", "float32", [batch, architecture.classes.length]);
  const { labelSmoothing = 0, classWeights } = options;
  const loss = crossEntropy(logits, targets, { labelSmoothing, ...(classWeights ? { classWeights } : {}) });

  const trained = [...net.parameters.state.values()].filter((state) => state.spec.role === "parameter");
  const scale = half ? graph.input("scaler.scale", "float32", []) : undefined;
  let grads = gradients(
    loss,
    trained.map((state) => state.value),
    scale,
  );
  if (scale) grads = grads.map((gradient) => mul(gradient, reciprocal(scale)));
  if (options.exposeGradients) {
    for (const [i, state] of trained.entries())
      graph.output(`gradient.${state.spec.name}`, grads[i] as Value);
  }
  /** Adds a state tensor to the program: what it is called, and what replaces it. */
  const keep = (entry: ProgramTensor, next: Value): void => {
    tensors.push(entry);
    graph.output(nextName(entry.name), next);
  };

  // Conditions under which an update is not made: the gradients of this step are not finite, or more are to come.
  const finite = scale ? allFinite(grads) : undefined;
  const apply = accumulate > 1 ? graph.input("apply", "bool", []) : undefined;
  const guard = (next: Value, previous: Value): Value => {
    const made = finite ? where(finite, next, previous) : next;
    return apply ? where(apply, made, previous) : made;
  };
  if (apply) grads = accumulateGradients(graph, trained, grads, accumulate, { apply, finite }, keep);

  const clipped = options.clipNorm ? clipByGlobalNorm(grads, options.clipNorm).clipped : grads;
  const scalars = stepScalars(graph);
  const averageShare = options.ema ? graph.input("averageShare", "float32", []) : undefined;
  const keepAverage = (state: StateTensor, next: Value): void => {
    const average = graph.input(`average.${state.spec.name}`, "float32", state.value.shape);
    const moved = movingAverage(average, next, averageShare as Value);
    keep(stateEntry(state, "average", average.name), guard(moved, average));
  };
  const gradientOf = new Map(trained.map((state, i) => [state, clipped[i] as Value]));
  const factorOf = ({ spec }: StateTensor): number =>
    options.rateFactor?.(stageOf(architecture.backbone.stages, spec.name) ?? "head") ?? 1;
  for (const group of updatedTogether(trained, factorOf)) {
    const first = group[0] as StateTensor;
    const values = group.map(({ value }) => value);
    const own = group.map((state) => gradientOf.get(state) as Value);
    const updates = graph.in(`optimizer.${first.spec.name}`, () =>
      update(options.optimizer, values, own, scalars, factorOf(first)),
    );
    for (const [i, state] of group.entries()) {
      const { next, moments } = updates[i] as Update;
      const guarded = guard(next, state.value);
      keep(stateEntry(state, "parameter"), guarded);
      for (const moment of moments)
        keep(stateEntry(state, "moment", moment.name), guard(moment.next, moment.value));
      if (averageShare) keepAverage(state, guarded);
    }
  }
  for (const state of net.parameters.state.values()) {
    if (state.spec.role !== "statistic") continue;
    const next = state.next as Value;
    const guarded = finite ? where(finite, next, state.value) : next;
    keep(stateEntry(state, "statistic"), guarded);
    // Averaged weights need the statistics of what they compute, so those are averaged alike.
    if (averageShare) keepAverage(state, guarded);
  }
  if (scale && finite) keepScaler(graph, scale, finite, keep);

  const metric = (name: string, value: Value): void => {
    tensors.push({ name, dtype: value.dtype, shape: value.shape, role: "metric" });
    graph.output(name, value);
  };
  metric("loss", loss);
  metric("correct", countCorrect(logits, targets));
  if (finite) metric("finite", cast(finite, "float32"));

  const stateNames = new Set(tensors.map((tensor) => tensor.name));
  const feeds = graph.inputs
    .filter(({ name }) => !stateNames.has(name))
    .map(({ name, dtype, shape }): ProgramTensor => ({ name, dtype, shape, role: "feed" }));
  return {
    name: `train ${architecture.backbone.name}`,
    model: encode(graph, "train"),
    tensors: [...tensors, ...feeds],
    masks: net.masks.map(({ layer, probability, value }) => ({
      layer,
      probability,
      name: value.name,
      shape: value.shape as number[],
    })),
  };
}

function buildLogits(net: Network, { architecture, batch, input }: TrainOptions): Value {
  const { graph } = net;
  const { backbone, inputSize: size } = architecture;
  const { mean, std } = backbone.preprocessing;
  switch (input.kind) {
    case "features":
      return buildHead(net, architecture, graph.input("features", "float32", [batch, backbone.features]));
    case "normalised": {
      const pictures = graph.input("pictures", "float32", [batch, mean.length, size, size]);
      return buildHead(net, architecture, buildFeatures(net, architecture, pictures));
    }
    case "pictures": {
      const { canvas, augmentation } = input;
      const pictures = buildTraining(graph, augmentation, { batch, canvas, size, mean, std });
      return buildHead(net, architecture, buildFeatures(net, architecture, pictures));
    }
  }
}

/** What is updated as one: vectors that learn at the same rate, several at a time; every other weight alone. */
function updatedTogether(
  trained: readonly StateTensor[],
  factorOf: (state: StateTensor) => number,
): StateTensor[][] {
  const groups: StateTensor[][] = [];
  const open = new Map<number, StateTensor[]>();
  for (const state of trained) {
    const vector = state.spec.shape.length === 1;
    const group = vector ? open.get(factorOf(state)) : undefined;
    if (group && group.length < VECTORS_AT_ONCE) {
      group.push(state);
      continue;
    }
    const fresh = [state];
    groups.push(fresh);
    if (vector) open.set(factorOf(state), fresh);
  }
  return groups;
}

type Keep = (entry: ProgramTensor, next: Value) => void;

/**
 * Gradients averaged over several batches; the sum so far is state. A batch that overflows counts as zero, and where it is the
 * last of an update, that update is not made.
 */
function accumulateGradients(
  graph: Graph,
  trained: readonly StateTensor[],
  grads: readonly Value[],
  batches: number,
  { apply, finite }: { apply: Value; finite: Value | undefined },
  keep: Keep,
): Value[] {
  return trained.map((state, i) => {
    const sum = graph.input(`accumulator.${state.spec.name}`, "float32", state.value.shape);
    const total = add(sum, mul(grads[i] as Value, 1 / batches));
    const next = finite ? where(finite, total, sum) : total;
    keep(stateEntry(state, "accumulator", sum.name), where(apply, 0, next));
    return total;
  });
}

/** Dynamic loss scaling: halved when a gradient is not finite, doubled after a long run of finite ones. */
function keepScaler(graph: Graph, scale: Value, finite: Value, keep: Keep): void {
  const run = graph.input("scaler.run", "float32", []);
  const longer = add(run, 1);
  const full = equal(longer, SCALE_GROWTH_INTERVAL);
  const entry = (name: string): ProgramTensor => ({
    name,
    dtype: "float32",
    shape: [],
    role: "scaler" satisfies Role,
  });
  keep(entry("scaler.scale"), where(finite, where(full, mul(scale, 2), scale), mul(scale, 0.5)));
  keep(entry("scaler.run"), where(finite, where(full, 0, longer), 0));
}

/** How many rows have their greatest logit where their greatest target is. */
function countCorrect(logits: Value, targets: Value): Value {
  return reduceSum(cast(equal(argMax(logits, -1), argMax(targets, -1)), "float32"));
}
