/** A classifier: a backbone with a head, its classes, and the preprocessing of its images. */

import { Graph } from "../graph/graph.ts";
import { nodesOf } from "../graph/lower.ts";
import type { Node, Value } from "../graph/types.ts";
import { extentsOf, type Feature, pictures } from "../nn/features.ts";
import { type HeadName, heads } from "../nn/heads.ts";
import { type Network, stageOf, weightless } from "../nn/network.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { GraphError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { type FloatTensor, floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import type { Backbone } from "./backbone.ts";

/** The structure of a classifier, without its weights. */
export interface Architecture {
  readonly backbone: Backbone;
  readonly head: HeadName;
  readonly classes: readonly string[];
  readonly dropout: number;
  /** Side of the square input images, in pixels. */
  readonly inputSize: number;
  /** Outside training, the shorter side is resized to `inputSize · resize` before the centre is cropped. */
  readonly resize: number;
}

/** Builds backbone, pooling and head over normalised images [N, C, S, S]. */
export function buildClassifier(
  net: Network,
  architecture: Architecture,
  x: Value,
): { features: Value; logits: Value } {
  const features = buildFeatures(net, architecture, x);
  return { features, logits: buildHead(net, architecture, features) };
}

/** Builds backbone and pooling: [N, features]. */
export function buildFeatures(net: Network, { backbone, inputSize }: Architecture, x: Value): Value {
  if (inputSize < backbone.smallest) {
    throw new GraphError(
      `${backbone.name} needs images of at least ${backbone.smallest} px, but the input size is ${inputSize}`,
    );
  }
  const features = poolFeatures(net, backbone, backbone.build(net, pictures(x)));
  const missing = backbone.stages.find((stage) => !net.outputs.has(stage));
  if (missing !== undefined)
    throw new GraphError(`${backbone.name} declares the stage "${missing}" but does not build it`);
  return features;
}

/** Pools a backbone's output to features [N, features]. */
export function poolFeatures(net: Network, { name, features, pool }: Backbone, x: Feature): Value {
  const pooled = pool ? pool(net, x) : x;
  if (pooled.layout === "tokens" && pooled.count !== 1)
    throw new GraphError(
      `${name} ends in ${pooled.count} tokens: its pool must make one of them (net.classToken)`,
    );
  const vector = net.vector(pooled);
  if (vector.shape[1] !== features)
    throw new GraphError(`${name} declares ${features} features but gives ${vector.shape[1]}`);
  return vector;
}

/** Builds the head over features [N, features]: logits [N, classes]. */
export function buildHead(net: Network, { head, classes, dropout }: Architecture, features: Value): Value {
  return heads[head].build(net, features, { classes: classes.length, dropout });
}

/** One stage of a summary. */
export interface StageSummary {
  readonly name: string;
  /** Shape of its output: [C, H, W] for maps, [T, C] for tokens, [C] for the head. */
  readonly output: readonly number[];
  readonly parameters: number;
  /** Multiply-accumulate operations for one image. */
  readonly macs: number;
}

export interface Description {
  /** All tensors of the classifier, in layer order. */
  readonly specs: readonly ParameterSpec[];
  readonly stages: readonly StageSummary[];
}

/** Returns the tensors and the cost of a classifier, by building it once for one image. */
export function describe(architecture: Architecture): Description {
  const { backbone, inputSize, classes } = architecture;
  const graph = new Graph();
  const net = weightless(graph);
  const x = graph.input("pictures", "float32", [1, backbone.preprocessing.mean.length, inputSize, inputSize]);
  const { logits } = buildClassifier(net, architecture, x);
  const specs = [...net.parameters.specs.values()];
  const macs = macsByLayer(logits);

  const names = [...backbone.stages, "head"];
  const stages = names.map((name): StageSummary => {
    const output = net.outputs.get(name);
    const own = specs.filter((spec) => spec.role === "parameter" && stageOf(names, spec.name) === name);
    return {
      name,
      output: output ? extentsOf(output) : name === "head" ? [classes.length] : [],
      parameters: own.reduce((sum, spec) => sum + sizeOf(spec.shape), 0),
      macs: [...macs].reduce((sum, [layer, count]) => sum + (stageOf(names, layer) === name ? count : 0), 0),
    };
  });
  return { specs, stages };
}

/** Adds new weights, drawn by `seed`, for the tensors that `weights` lacks. */
export function withNewWeights(specs: readonly ParameterSpec[], weights: StateDict, seed: number): StateDict {
  const complete: StateDict = new Map();
  for (const spec of specs) complete.set(spec.name, weights.get(spec.name) ?? newWeights(spec, seed));
  return complete;
}

/** Returns new weights for one tensor, drawn by `seed`. */
export function newWeights({ name, shape, initialise }: ParameterSpec, seed: number): FloatTensor {
  return floatTensor(shape, initialise(shape, random(seed, "initialise", name)));
}

/** Returns the multiply-accumulates of convolutions and matrix products below `output`, by layer. */
function macsByLayer(output: Value): Map<string, number> {
  const macs = new Map<string, number>();
  for (const node of nodesOf([output])) {
    const products = productsOf(node);
    if (products > 0) macs.set(node.scope, (macs.get(node.scope) ?? 0) + products);
  }
  return macs;
}

/** Returns the number of products that one node sums. */
function productsOf({ operator, inputs, outputs }: Node): number {
  const out = (outputs[0]?.shape ?? []) as number[];
  const [a, b] = inputs.map(({ shape }) => shape as number[]);
  switch (operator.type) {
    case "RowConv":
    case "Gemm":
      return (sizeOf(out) * sizeOf(b as number[])) / (out[1] as number);
    case "MatMul":
      return sizeOf(out) * (a?.at(-1) as number);
    case "DepthwiseConv":
    case "GroupedConv":
      return sizeOf(out) * sizeOf((b as number[]).slice(1));
    default:
      return 0;
  }
}
