/**
 * The layers that models are written with. A model is written once; whether a layer becomes a `Conv` over NCHW with
 * folded constants, or a matrix product over rows with weights that train, is decided here, stage by stage: everything
 * before the first stage that trains is folded, everything from it on is rows. Among what is folded, convolutions that
 * gain by Winograd's products are rows too.
 */

import type { Builder, Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { concat } from "../ops/concat.ts";
import { gemm } from "../ops/gemm.ts";
import { globalAveragePool } from "../ops/global-average-pool.ts";
import { mul } from "../ops/mul.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { relu } from "../ops/relu.ts";
import { reshape } from "../ops/reshape.ts";
import { GraphError } from "../util/errors.ts";
import type { DType, StateDict } from "../util/tensor.ts";
import { asLayout, asPictures, asRows, type FeatureMap } from "./features.ts";
import { foldedConv, foldedMaxPool } from "./folded.ts";
import { type Initialiser, kaimingNormal, xavierUniform, zeros } from "./initialise.ts";
import { namedBatchNorm, namedConv } from "./named.ts";
import { Parameters } from "./parameters.ts";
import { batchNormRows, type NormPolicy, rowsConv, rowsGain, rowsMaxPool } from "./rows.ts";

/** Hyperparameters of a convolution, named as in PyTorch. */
export interface ConvOptions {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  /** Name of the batch norm that follows and replaces the bias. */
  readonly norm?: string;
  readonly initialise?: Initialiser;
}

export interface PoolOptions {
  readonly kernel: number;
  readonly stride: number;
  readonly padding?: number;
  readonly ceil?: boolean;
}

/** A random mask that every run is fed: 0 where an activation is dropped, 1/(1 − p) where it is kept. */
export interface DropoutMask {
  readonly layer: string;
  readonly probability: number;
  readonly value: Value;
}

export interface NetworkOptions {
  readonly graph: Builder;
  /**
   * Prefix of every name that the network gives to the graph, as in `teacher.layer1.0.conv1.weight`. Networks that share a
   * graph each need their own; their `weights` keep the names without it.
   */
  readonly scope?: string;
  /** Numbers of everything that does not train. */
  readonly weights: StateDict;
  /** Whether the stage of this name trains; `head` is one. */
  readonly trainable: (stage: string) => boolean;
  /** Statistics by which stages that train are normalised. The head always uses the batch's. */
  readonly batchNorm?: "running" | "batch";
  /** Whether this is a train step: it decides about dropout and about the head's statistics. */
  readonly training: boolean;
  readonly compute?: DType;
  /** For files: every constant under its own name, matrices stored in this dtype. Nothing may train then. */
  readonly named?: "float32" | "float16";
}

/** The stage that a layer or a tensor belongs to: its name is the stage's, or begins with it and a dot. */
export function stageOf(stages: readonly string[], name: string): string | undefined {
  return stages.find((stage) => name === stage || name.startsWith(`${stage}.`));
}

export class Network {
  readonly graph: Builder;
  readonly parameters: Parameters;
  readonly masks: DropoutMask[] = [];
  /** The output of each stage, in order, for summaries and explanations; stages that share a layer have the same. */
  readonly outputs = new Map<string, FeatureMap>();
  readonly #options: NetworkOptions;
  #stages: readonly string[] = [];
  #rows = false;

  constructor(options: NetworkOptions) {
    this.graph = options.graph;
    this.#options = options;
    this.parameters = new Parameters({
      graph: options.graph,
      scoped: (name) => this.#scoped(name),
      weights: options.weights,
      trains: (name) => this.#trains(name),
      compute: options.compute ?? "float32",
      named: options.named,
    });
  }

  /** Builds one stage, or several that share a layer; from the first one that trains on, maps are rows. */
  stage(names: string | readonly string[], x: FeatureMap, body: (x: FeatureMap) => FeatureMap): FeatureMap {
    this.#stages = typeof names === "string" ? [names] : names;
    this.#rows ||= this.#stages.some(this.#options.trainable);
    const input = this.#rows ? asRows(x) : x;
    const output = body({ ...input, value: cast(input.value, this.parameters.compute) });
    for (const stage of this.#stages) this.outputs.set(stage, output);
    return output;
  }

  /** Convolution `name`, with its batch norm where `options.norm` names one, else with its bias. */
  conv(x: FeatureMap, name: string, options: ConvOptions): FeatureMap {
    const full = { stride: 1, padding: 0, norm: undefined, initialise: kaimingNormal, ...options, name };
    return this.#in(name, () => {
      if (this.#options.named) return namedConv(this.parameters, x, full);
      return this.#rows || rowsGain(x, full)
        ? rowsConv(this.parameters, asRows(x), full, this.#normPolicy(options.norm))
        : foldedConv(this.parameters, asPictures(x), full);
    });
  }

  maxPool(x: FeatureMap, options: PoolOptions): FeatureMap {
    const full = { padding: 0, ceil: false, ...options };
    return this.#in("maxpool", () =>
      this.#rows ? rowsMaxPool(x, full) : foldedMaxPool(asPictures(x), full),
    );
  }

  relu(x: FeatureMap): FeatureMap {
    return { ...x, value: relu(x.value) };
  }

  add(a: FeatureMap, b: FeatureMap): FeatureMap {
    return { ...a, value: add(a.value, asLayout(a.layout, b).value) };
  }

  /** Joins the channels of maps of one size. */
  concat(maps: readonly FeatureMap[]): FeatureMap {
    const channels = maps.reduce((sum, map) => sum + map.channels, 0);
    const first = maps[0] as FeatureMap;
    return {
      ...first,
      channels,
      value: concat(
        maps.map((map) => asLayout(first.layout, map).value),
        1,
      ),
    };
  }

  /** Mean over the pixels: [N, C], float32. */
  globalAveragePool(x: FeatureMap): Value {
    const { batch, channels, height, width } = x;
    return this.#in("avgpool", () => {
      const pooled =
        x.layout === "rows"
          ? reduceMean(reshape(x.value, [batch, height * width, channels]), [1])
          : reshape(globalAveragePool(x.value), [batch, channels]);
      return cast(pooled, "float32");
    });
  }

  /** Fully connected layer over [N, C]: PyTorch's weight [out, C] and bias [out]. */
  linear(x: Value, name: string, out: number, initialise: Initialiser = xavierUniform): Value {
    return this.#in(name, () => {
      const shape = [out, x.shape[1] as number];
      const weight = this.parameters.value({ name: `${name}.weight`, shape, initialise, role: "parameter" });
      const bias = this.parameters.value({
        name: `${name}.bias`,
        shape: [out],
        initialise: zeros,
        role: "parameter",
      });
      return cast(gemm(cast(x, this.parameters.compute), weight, { bias, transB: true }), "float32");
    });
  }

  /** Batch norm over the columns of [N, C], float32. */
  batchNorm(x: Value, name: string): Value {
    return this.#in(name, () =>
      this.#options.named
        ? namedBatchNorm(this.parameters, x, name)
        : batchNormRows(this.parameters, x, name, this.#normPolicy(name)),
    );
  }

  /** Inverted dropout of [N, C] by a mask that is fed; nothing when not training. */
  dropout(x: Value, layer: string, probability: number): Value {
    if (!this.#options.training || probability === 0) return x;
    const scoped = this.#scoped(layer);
    const value = this.graph.input(`dropout.${scoped}`, "float32", x.shape);
    this.masks.push({ layer: scoped, probability, value });
    return mul(x, value);
  }

  /** A name within the network's scope. */
  #scoped(name: string): string {
    const { scope } = this.#options;
    return scope ? `${scope}.${name}` : name;
  }

  /** Runs `body` inside the layer `name` of this network. */
  #in<T>(name: string, body: () => T): T {
    return this.graph.in(this.#scoped(name), body);
  }

  /** Which statistics normalise: the batch's for a head that trains and where the phase says so, else the running ones. */
  #normPolicy(norm: string | undefined): NormPolicy {
    if (!norm || !this.#options.training) return "running";
    const stage = this.#stageOf(norm);
    if (!this.#options.trainable(stage)) return "running";
    return stage === "head" ? "batch" : (this.#options.batchNorm ?? "running");
  }

  #trains(name: string): boolean {
    const statistic = name.endsWith(".running_mean") || name.endsWith(".running_var");
    if (!statistic) return this.#options.trainable(this.#stageOf(name));
    return this.#normPolicy(name.slice(0, name.lastIndexOf("."))) === "batch";
  }

  /** The stage under construction that a tensor belongs to. */
  #stageOf(name: string): string {
    const stage = stageOf(["head", ...this.#stages], name);
    if (!stage) throw new GraphError(`${name} belongs to none of the stages ${this.#stages.join(", ")}`);
    return stage;
  }
}

/** A network as it is trained from nothing, to look at its graph: shapes, parameters, cost, receptive field. */
export function weightless(graph: Builder): Network {
  return new Network({
    graph,
    weights: new Map(),
    trainable: () => true,
    batchNorm: "batch",
    training: true,
  });
}
