/** Optimizer steps as graphs: AdamW and SGD, with PyTorch's formulas. */

import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { concat } from "../ops/concat.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { split } from "../ops/split.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";

export interface AdamW {
  readonly type: "adamw";
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** PyTorch's defaults for rarely changed constants. */
export const adamwDefaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export interface Sgd {
  readonly type: "sgd";
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly nesterov: boolean;
}

export type OptimizerOptions = AdamW | Sgd;

/** Numbers that change with each step. They are computed in double precision and fed to the graph. */
export interface StepScalars {
  readonly learningRate: Value;
  /** AdamW's step size per unit of rate, (1 − β1)/(1 − β1ᵗ) · √(1 − β2ᵗ)/√(1 − β2); 1 for SGD. */
  readonly stepSize: Value;
  /** AdamW's ε·√(1 − β2ᵗ)/√(1 − β2); unused by SGD. */
  readonly epsilon: Value;
}

/** A moment of one weight: its graph input, and its next value. */
export interface Moment {
  readonly name: string;
  readonly value: Value;
  readonly next: Value;
}

export interface Update {
  readonly next: Value;
  readonly moments: readonly Moment[];
}

/** Returns the names of the moments that an optimizer keeps for each weight. */
export function momentNames(optimizer: OptimizerOptions): readonly string[] {
  if (optimizer.type === "adamw") return ["exp_sum", "exp_sum_sq"];
  return optimizer.momentum > 0 ? ["momentum_buffer"] : [];
}

/** Returns the values of `StepScalars` for the `step`-th update, counted from 1. */
export function stepNumbers(optimizer: OptimizerOptions, step: number, learningRate: number) {
  if (optimizer.type === "sgd") return { learningRate, stepSize: 1, epsilon: 0 };
  const { beta1, beta2, epsilon } = optimizer;
  const root = Math.sqrt((1 - beta2 ** step) / (1 - beta2));
  return { learningRate, stepSize: (root * (1 - beta1)) / (1 - beta1 ** step), epsilon: epsilon * root };
}

/**
 * Returns the new values of `weights`, given their `gradients`. `rateFactor` scales the learning rate of their stage.
 * Several weights must be vectors; they are joined and updated as one, because starting the dozen nodes of an update
 * takes longer than computing them for a batch norm's scales.
 */
export function update(
  optimizer: OptimizerOptions,
  weights: readonly Value[],
  gradients: readonly Value[],
  scalars: StepScalars,
  rateFactor: number,
): Update[] {
  const rate = rateFactor === 1 ? scalars.learningRate : mul(scalars.learningRate, rateFactor);
  const moments = momentNames(optimizer).map((moment) =>
    weights.map(({ graph, name, shape }) => graph.input(`${moment}.${name}`, "float32", shape as number[])),
  );
  const [weight, gradient, old] = [joined(weights), joined(gradients), moments.map(joined)];
  const result =
    optimizer.type === "adamw"
      ? adamW(optimizer, weight, gradient, old, scalars, rate)
      : sgd(optimizer, weight, gradient, old, rate);
  const next = parted(result.next, weights);
  const nextMoments = result.moments.map((moment) => parted(moment, weights));
  return weights.map((_, i) => ({
    next: next[i] as Value,
    moments: moments.map((values, m) => {
      const value = values[i] as Value;
      return { name: value.name, value, next: nextMoments[m]?.[i] as Value };
    }),
  }));
}

/** Concatenates vectors; a single tensor is returned unchanged. */
function joined(values: readonly Value[]): Value {
  return values.length === 1 ? (values[0] as Value) : concat(values, 0);
}

/** Splits a joined tensor into parts with the lengths of `like`. */
function parted(value: Value, like: readonly Value[]): readonly Value[] {
  return like.length === 1
    ? [value]
    : split(
        value,
        like.map(({ shape }) => shape[0] as number),
        0,
      );
}

/** The next values of a weight and its moments. */
interface Step {
  readonly next: Value;
  readonly moments: readonly Value[];
}

/**
 * AdamW (Loshchilov and Hutter 2019): m ← β1·m + g, v ← β2·v + g², w ← w·(1 − lr·λ) − lr·stepSize·m/(√v + ε'). This is
 * PyTorch's update: its averages `exp_avg` and `exp_avg_sq` are (1 − β1)·m and (1 − β2)·v. These factors and the bias
 * corrections are moved to the scalars, because each saved product saves a pass over all weights.
 */
function adamW(
  { weightDecay, beta1, beta2 }: AdamW,
  weight: Value,
  gradient: Value,
  [mean, square]: Value[],
  { stepSize, epsilon }: StepScalars,
  rate: Value,
): Step {
  const [m, v] = [mean as Value, square as Value];
  const nextM = add(mul(m, beta1), gradient);
  const nextV = add(mul(v, beta2), mul(gradient, gradient));
  const direction = div(nextM, add(sqrt(nextV), epsilon));
  const decayed = weightDecay === 0 ? weight : mul(weight, sub(1, mul(rate, weightDecay)));
  return {
    next: sub(decayed, mul(direction, mul(rate, stepSize))),
    moments: [nextM, nextV],
  };
}

/** SGD with momentum as in PyTorch: b ← μ·b + g (b starts at 0), w ← w − lr·b, or with Nesterov w − lr·(g + μ·b). */
function sgd(
  { weightDecay, momentum, nesterov }: Sgd,
  weight: Value,
  gradient: Value,
  [buffer]: Value[],
  rate: Value,
): Step {
  const g = weightDecay === 0 ? gradient : add(gradient, mul(weight, weightDecay));
  if (!buffer) return { next: sub(weight, mul(g, rate)), moments: [] };
  const next = add(mul(buffer, momentum), g);
  const direction = nesterov ? add(g, mul(next, momentum)) : next;
  return { next: sub(weight, mul(direction, rate)), moments: [next] };
}

/** Declares the step scalars as inputs of the graph. */
export function stepScalars(graph: Graph): StepScalars {
  const scalar = (name: string): Value => graph.input(name, "float32", []);
  return { learningRate: scalar("learningRate"), stepSize: scalar("stepSize"), epsilon: scalar("epsilon") };
}
