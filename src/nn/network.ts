/**
 * The layers from which models are built. A model is written once; this file decides, stage by stage, whether a layer
 * becomes a `Conv` over NCHW with folded constants, or a matrix product over rows with trained weights. Everything
 * before the first stage that trains is folded; everything from it on uses rows. Among the folded layers, convolutions
 * that are faster with Winograd's products also use rows.
 */

import type { Builder, Shape, Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { cast } from "../ops/cast.ts";
import { concat, slice } from "../ops/concat.ts";
import { expand } from "../ops/expand.ts";
import { gemm } from "../ops/gemm.ts";
import { mul } from "../ops/mul.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import { GraphError } from "../util/errors.ts";
import type { DType, StateDict } from "../util/tensor.ts";
import { type Activation, activations } from "./activations.ts";
import { batchNorm, type NormPolicy } from "./batch-norm.ts";
import { checkGate, checkPositive, checkProbability, checkShare, checkSum } from "./checks.ts";
import { columnsConv, columnsFit } from "./columns.ts";
import {
  biasSpec,
  type ConvOptions,
  fullConv,
  fullPool,
  isDepthwise,
  type PoolOptions,
} from "./conv-options.ts";
import {
  asBlocks,
  asColumns,
  asLayout,
  asMaps,
  asPictures,
  asRows,
  asTokens,
  type Feature,
  type FeatureMap,
  fitsBlocks,
  type Tokens,
  tokensOf,
} from "./features.ts";
import { foldedConv, foldedMaxPool } from "./folded.ts";
import { groupedConv } from "./groups.ts";
import { constant, type Initialiser, truncatedNormal, xavierUniform, zeros } from "./initialise.ts";
import { namedBatchNorm, namedConv } from "./named.ts";
import { type Norm, normOf } from "./norm.ts";
import { Parameters } from "./parameters.ts";
import { byFactors, type Pooling, poolPixels, scaled } from "./pooling.ts";
import { rowsConv, rowsGain, rowsMaxPool } from "./rows.ts";
import { attend, type DenseOptions, dense, normTokens } from "./tokens.ts";

/** A random mask that is fed to every run: 0 if an activation is dropped, 1/(1 − p) if it is kept. */
export interface DropoutMask {
  readonly layer: string;
  readonly probability: number;
  readonly value: Value;
}

export interface NetworkOptions {
  readonly graph: Builder;
  /**
   * Prefix of every name that the network adds to the graph, as in `teacher.layer1.0.conv1.weight`. Networks that share
   * a graph each need a different one; their `weights` keep the names without it.
   */
  readonly scope?: string;
  /** Values of all tensors that are not trained. */
  readonly weights: StateDict;
  /** Whether the stage with this name trains; `head` is one. */
  readonly trainable: (stage: string) => boolean;
  /** Statistics that normalise stages that train; the head always uses the batch's. `measure` works even if nothing trains. */
  readonly batchNorm?: NormPolicy;
  /** The probability of dropping the last block for an image in a step; earlier blocks have lower ones, the first 0. */
  readonly stochasticDepth?: number;
  /** Whether this is a train step; affects dropout and the head's statistics. */
  readonly training: boolean;
  readonly compute?: DType;
  /** For explanations: the stage whose output needs gradients, although nothing trains. */
  readonly gradientsOf?: string | undefined;
  /** For files: every constant keeps its own name, and matrices are stored in this dtype. Nothing may train in that case. */
  readonly named?: "float32" | "float16";
}

/** Transforms the result of a residual branch before it is added; `block` is the name of its block. */
export type BranchGate = (branch: FeatureMap, block: string) => FeatureMap;

/** Returns the stage that a layer or tensor belongs to: its name is the stage's, or begins with it and a dot. */
export function stageOf(stages: readonly string[], name: string): string | undefined {
  return stages.find((stage) => name === stage || name.startsWith(`${stage}.`));
}

export class Network {
  readonly graph: Builder;
  readonly parameters: Parameters;
  readonly masks: DropoutMask[] = [];
  /** The batch norms of the network's convolutions, in order. */
  readonly norms: Norm[] = [];
  /** The output of each stage, in order, for summaries and explanations; stages that share a layer have the same output. */
  readonly outputs = new Map<string, Feature>();
  readonly #options: NetworkOptions;
  #stages: readonly string[] = [];
  #rows = false;
  /** The input of the first stage that trains, unchanged and as rows; it has no gradient. */
  #frozen: { readonly images: FeatureMap; readonly rows: Value } | undefined;
  #gate: BranchGate | undefined;

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

  /** Builds one stage, or several that share a layer; from the first one that trains on, maps are rows or columns. */
  stage<In extends Feature, Out extends Feature>(
    names: string | readonly string[],
    x: In,
    body: (x: In) => Out,
  ): Out {
    this.#stages = typeof names === "string" ? [names] : names;
    this.#rows ||= this.#options.batchNorm === "measure" || this.#stages.some(this.#options.trainable);
    const input = this.#rows && x.layout === "nchw" ? this.#asRows(x) : x;
    const made = body({ ...input, value: cast(input.value, this.parameters.compute) } as In);
    const { gradientsOf } = this.#options;
    const output = gradientsOf && this.#stages.includes(gradientsOf) ? this.withGradients(made) : made;
    for (const stage of this.#stages) this.outputs.set(stage, output);
    return output;
  }

  #asRows(images: FeatureMap): FeatureMap {
    const rows = asRows(images);
    this.#frozen = { images, rows: rows.value };
    return rows;
  }

  /** Returns `x` in a form that gives all later layers gradients, although nothing trains: maps become rows. */
  withGradients<F extends Feature>(x: F): F {
    this.#rows = true;
    return x.layout === "nchw" ? (asRows(x) as F) : x;
  }

  /** Applies convolution `name`, with its batch norm if `options.norm` names one, otherwise with its bias. */
  conv(x: FeatureMap, name: string, options: ConvOptions): FeatureMap {
    return this.in(name, () => {
      const full = fullConv(x, name, options);
      if (full.norm) this.norms.push(full.norm);
      if (this.#options.named) return namedConv(this.parameters, x, full);
      if (!this.#rows && !rowsGain(x, full)) return foldedConv(this.parameters, asPictures(x), full);
      const policy = this.#normPolicy(full.norm?.name);
      if (isDepthwise(full, x.channels))
        return columnsConv(this.parameters, fitsBlocks(x) ? asBlocks(x) : asColumns(x), full, policy);
      if ((x.layout === "columns" || x.layout === "blocks") && columnsFit(full, x.channels))
        return columnsConv(this.parameters, x, full, policy);
      const frozen = x.value === this.#frozen?.rows ? this.#frozen.images : undefined;
      if (full.columns && frozen && fitsBlocks(frozen))
        return columnsConv(this.parameters, frozen, full, policy);
      return full.groups > 1
        ? groupedConv(this.parameters, asRows(x), full, policy)
        : rowsConv(this.parameters, asRows(x), full, policy);
    });
  }

  maxPool(x: FeatureMap, options: PoolOptions): FeatureMap {
    const full = fullPool(x, `maxpool of ${this.#stages.join(", ")}`, options);
    return this.in("maxpool", () =>
      this.#rows ? rowsMaxPool(asRows(x), full) : foldedMaxPool(asPictures(x), full),
    );
  }

  relu<F extends Feature>(x: F): F {
    return this.activate(x, "relu");
  }

  /** Applies an activation to every number. */
  activate<F extends Feature>(x: F, activation: Activation): F {
    return { ...x, value: activations[activation](x.value) };
  }

  /** Returns the sum of two features of one size, for residual connections. */
  add<F extends Feature>(a: F, b: F): F {
    checkSum(this.#stages, a, b);
    if (a.layout === "tokens" || b.layout === "tokens") return { ...a, value: add(a.value, b.value) };
    // Layers after a depthwise convolution in blocks stay in blocks; another layout would require two conversions.
    const layout = b.layout === "blocks" ? b.layout : a.layout;
    const [one, other] = [asLayout(layout, a), asLayout(layout, b)];
    return { ...a, ...one, value: add(one.value, other.value) };
  }

  /** Builds `body` with `gate` applied to the result of every residual branch in it. */
  gated<T>(gate: BranchGate, body: () => T): T {
    const outer = this.#gate;
    this.#gate = gate;
    try {
      return body();
    } finally {
      this.#gate = outer;
    }
  }

  /** Returns what the residual block `block` adds to its input: its branch after the gate, if any, and stochastic depth. */
  residual(branch: FeatureMap, block: string, share = 0): FeatureMap {
    return this.stochasticDepth(this.#gate?.(branch, block) ?? branch, block, share);
  }

  /** Concatenates the channels of maps of one size. */
  concat(maps: readonly FeatureMap[]): FeatureMap {
    const channels = maps.reduce((sum, map) => sum + map.channels, 0);
    const first = maps[0] as FeatureMap;
    const values = maps.map((map) => asLayout(first.layout, map).value);
    return {
      ...first,
      channels,
      value: concat(values, first.layout === "columns" || first.layout === "blocks" ? 0 : 1),
    };
  }

  /** Returns the mean, or the maximum, over the pixels of each channel, as maps of one pixel. */
  pooled(x: FeatureMap, pooling: Pooling = "mean"): FeatureMap {
    return this.in("avgpool", () => poolPixels(x, pooling));
  }

  /** Returns the mean over the pixels as the single token of each image; tokens are returned unchanged. */
  pooledTokens(x: Feature): Tokens {
    return x.layout === "tokens" ? x : asTokens(this.pooled(x));
  }

  /** Multiplies `x` by a gate with one number per channel (maps of one pixel) or one per pixel (maps of one channel). */
  scale(x: FeatureMap, gate: FeatureMap): FeatureMap {
    checkGate(this.#stages, x, gate);
    return scaled(x, gate);
  }

  /** Converts the pixels of maps to tokens, line by line. */
  tokens(x: FeatureMap): Tokens {
    return asTokens(x);
  }

  /** Converts tokens, one per pixel of maps, to such maps. */
  maps(x: Tokens, height: number, width: number): FeatureMap {
    return asMaps(x, height, width, this.#rows ? "rows" : "nchw");
  }

  /** Prepends the token that represents the whole image. */
  withClassToken(x: Tokens, name: string): Tokens {
    const own = this.parameter(name, [1, 1, x.channels], zeros);
    // One per image. If the batch size is unknown, zeros derived from a token of each image supply the shape.
    const repeated =
      typeof x.batch === "number"
        ? expand(own, [x.batch, 1, x.channels])
        : add(mul(slice(x.value, 1, 0, 1), 0), own);
    return tokensOf(concat([repeated, x.value], 1), 1);
  }

  /** Returns only the first token. */
  classToken(x: Tokens): Tokens {
    return tokensOf(slice(x.value, 1, 0, 1), 1);
  }

  /** Adds the table of positions [1, T, C] to tokens. */
  withPositions(x: Tokens, name: string): Tokens {
    return { ...x, value: add(x.value, this.parameter(name, [1, x.count, x.channels], truncatedNormal)) };
  }

  /** Multiplies tokens by a factor per channel [C], initialised to `start`. */
  layerScale(x: Tokens, name: string, shape: readonly number[], start: number): Tokens {
    const factors = this.parameter(name, shape, constant(start));
    return { ...x, value: mul(x.value, reshape(factors, [x.channels])) };
  }

  /** Applies a fully connected layer to every token. */
  dense(x: Tokens, name: string, options: DenseOptions): Tokens {
    return this.in(name, () => dense(this.parameters, x, name, options));
  }

  /** Applies layer norm over the channels of every token. */
  layerNorm(x: Tokens, name: string, epsilon: number): Tokens {
    return this.in(name, () => normTokens(this.parameters, x, name, epsilon));
  }

  /** Applies self-attention with `heads` heads to concatenated queries, keys and values [N, T, 3·C]. */
  attention(x: Tokens, name: string, heads: number): Tokens {
    return this.in(name, () => attend(x, name, heads));
  }

  /** Returns one of the stage's own tensors: a class token, a position table, the scale of a layer. */
  parameter(name: string, shape: readonly number[], initialise: Initialiser): Value {
    return this.in(name, () => this.parameters.value({ name, shape, initialise, role: "parameter" }));
  }

  /** Converts maps or tokens to features [N, C], float32: the mean over pixels, or the only token. */
  vector(x: Feature): Value {
    if (x.layout === "tokens") return cast(reshape(x.value, [x.batch, x.channels]), "float32");
    const { value, layout, batch, channels } = this.pooled(x);
    return cast(
      layout === "columns" || layout === "blocks"
        ? transpose(value, [1, 0])
        : reshape(value, [batch, channels]),
      "float32",
    );
  }

  /** Applies a fully connected layer over [N, C]: PyTorch's weight [out, C] and bias [out]. */
  linear(x: Value, name: string, out: number, initialise: Initialiser = xavierUniform): Value {
    checkPositive(name, { out });
    return this.in(name, () => {
      const shape = [out, x.shape[1] as number];
      const weight = this.parameters.value({ name: `${name}.weight`, shape, initialise, role: "parameter" });
      const bias = this.parameters.value(biasSpec({ name, out }));
      return cast(gemm(cast(x, this.parameters.compute), weight, { bias, transB: true }), "float32");
    });
  }

  /** Applies batch norm over the columns of [N, C], float32. */
  batchNorm(x: Value, name: string): Value {
    return this.in(name, () =>
      this.#options.named
        ? namedBatchNorm(this.parameters, x, normOf(name))
        : batchNorm(this.parameters, x, normOf(name), this.#normPolicy(name)),
    );
  }

  /**
   * Stochastic depth (Huang et al. 2016): drops `branch` of a block, image by image, with this probability, and scales
   * it up if it is kept, so that its mean is preserved. No effect if the block does not train.
   */
  stochasticDepth<F extends Feature>(branch: F, layer: string, share: number): F {
    checkShare(layer, "the share of stochastic depth", share);
    const probability = share * (this.#options.stochasticDepth ?? 0);
    if (!this.#options.training || probability === 0 || !this.#rows) return branch;
    const mask = cast(this.#mask(layer, probability, [branch.batch]), branch.value.dtype);
    return { ...branch, value: byFactors(branch, mask) };
  }

  /** Inverted dropout of [N, C] by a mask that is fed; no effect outside training. */
  dropout(x: Value, layer: string, probability: number): Value {
    checkProbability(layer, "the probability of dropout", probability);
    if (!this.#options.training || probability === 0) return x;
    return mul(x, this.#mask(layer, probability, x.shape));
  }

  /** Returns a mask of this shape, which is fed to every run. */
  #mask(layer: string, probability: number, shape: Shape): Value {
    const scoped = this.#scoped(layer);
    const value = this.graph.input(`dropout.${scoped}`, "float32", shape);
    this.masks.push({ layer: scoped, probability, value });
    return value;
  }

  /** Returns a name within the network's scope. */
  #scoped(name: string): string {
    const { scope } = this.#options;
    return scope ? `${scope}.${name}` : name;
  }

  /** Runs `body` inside the layer `name` of this network. */
  in<T>(name: string, body: () => T): T {
    return this.graph.in(this.#scoped(name), body);
  }

  /**
   * Returns which statistics normalise: the batch's for a head that trains or if the phase requires it, otherwise the
   * running ones.
   */
  #normPolicy(norm: string | undefined): NormPolicy {
    if (norm && this.#options.batchNorm === "measure") return "measure";
    if (!norm || !this.#options.training) return "running";
    const stage = this.#stageOf(norm);
    if (!this.#options.trainable(stage)) return "running";
    return stage === "head" ? "batch" : (this.#options.batchNorm ?? "running");
  }

  #trains(name: string): boolean {
    const statistic = name.endsWith(".running_mean") || name.endsWith(".running_var");
    if (!statistic) return this.#options.trainable(this.#stageOf(name));
    return this.#normPolicy(name.slice(0, name.lastIndexOf("."))) !== "running";
  }

  /** Returns the stage under construction that a tensor belongs to. */
  #stageOf(name: string): string {
    const stage = stageOf(["head", ...this.#stages], name);
    if (!stage) throw new GraphError(`${name} belongs to none of the stages ${this.#stages.join(", ")}`);
    return stage;
  }
}

/** Returns a network as for training from scratch, for inspecting its graph: shapes, parameters, cost, receptive field. */
export function weightless(graph: Builder): Network {
  const whole = { weights: new Map(), trainable: () => true, training: true };
  return new Network({ graph, ...whole, batchNorm: "batch" });
}
