/** Vectors that are updated together, and their moments, get the same values as if each were updated alone. */

import { expect, test } from "vitest";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { normal64, uniform64 } from "../graph/tensor64.ts";
import { adamwDefaults, type OptimizerOptions, stepScalars, type Update, update } from "./optimizer.ts";

const adamw: OptimizerOptions = { type: "adamw", learningRate: 1e-3, weightDecay: 0.1, ...adamwDefaults };
const sgd: OptimizerOptions = {
  type: "sgd",
  learningRate: 1e-3,
  weightDecay: 0,
  momentum: 0.9,
  nesterov: true,
};

/** Returns the updated weights and moments; `apart` updates each weight on its own. */
function updated(optimizer: OptimizerOptions, apart: boolean): [string, number[]][] {
  const graph = new Graph();
  const scalars = stepScalars(graph);
  const input = (name: string, length: number) => graph.input(name, "float32", [length]);
  const lengths = Object.entries({ first: 3, second: 1, third: 5 });
  const weights = lengths.map(([name, length]) => input(name, length));
  const gradients = lengths.map(([name, length]) => input(`gradient.${name}`, length));
  const updates: Update[] = apart
    ? weights.flatMap((weight, i) => update(optimizer, [weight], gradients.slice(i, i + 1), scalars, 0.5))
    : update(optimizer, weights, gradients, scalars, 0.5);
  const next = updates.flatMap(({ next, moments }, i) => [
    { name: weights[i]?.name as string, value: next },
    ...moments.map(({ name, next }) => ({ name, value: next })),
  ]);
  const feeds = new Map(
    graph.inputs.map(({ name, shape }) => [name, numbers(name, shape as number[])] as const),
  );
  const results = evaluate(
    next.map(({ value }) => value),
    feeds,
  );
  return next.map(({ name }, i) => [name, [...(results[i]?.data ?? [])]]);
}

/** Sums of squares cannot be negative. */
function numbers(name: string, shape: readonly number[]) {
  return name.startsWith("exp_sum_sq") ? uniform64(shape, 0, 1, name) : normal64(shape, name);
}

test.each([adamw, sgd])("$type", (optimizer) => {
  const together = updated(optimizer, false);
  expect(together).toEqual(updated(optimizer, true));
  expect(together.map(([, data]) => data.length)).toEqual(
    [3, 1, 5].flatMap((length) => Array(optimizer.type === "adamw" ? 3 : 2).fill(length)),
  );
});
