/**
 * The update of a train step: computes the next weights, moments, averages and statistics from gradients. It doesn't depend on
 * networks or losses.
 */

import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import type { StateTensor } from "../nn/parameters.ts";
import { add } from "../ops/add.ts";
import { mul } from "../ops/mul.ts";
import { where } from "../ops/where.ts";
import { clipByGlobalNorm, movingAverage } from "../optim/gradient-tools.ts";
import { type OptimizerOptions, stepScalars, type Update, update } from "../optim/optimizer.ts";
import { type ProgramTensor, stateEntry } from "./program.ts";

export interface UpdateOptions {
  readonly optimizer: OptimizerOptions;
  /** Factor of the learning rate of the tensor with this name in the program. Default: 1. */
  readonly rateFactor?: ((name: string) => number) | undefined;
  /** Maximum joint norm of the gradients; 0 is off. */
  readonly clipNorm?: number;
  /** Decay of the moving average of the weights, per update; 0 keeps none. */
  readonly ema?: number;
  /** Batches whose gradients are averaged before one update. */
  readonly accumulate?: number;
}

/** A tensor of the state and its value after the step. */
export interface Change {
  readonly entry: ProgramTensor;
  readonly next: Value;
}

/** WebGPU guarantees eight buffers per shader: one for the joined vectors, and one for each of seven vectors. */
const VECTORS_AT_ONCE = 7;

/**
 * Builds the update of `parameters` by their `gradients`, and of the `statistics` of their networks. If `finite` is given and
 * false, the step changes nothing. With `accumulate`, the feed `apply` marks the batch that completes an update.
 */
export function buildUpdate(
  graph: Graph,
  parameters: readonly StateTensor[],
  gradients: readonly Value[],
  statistics: readonly StateTensor[],
  finite: Value | undefined,
  options: UpdateOptions,
): Change[] {
  const { optimizer, rateFactor = () => 1, clipNorm = 0, ema = 0, accumulate = 1 } = options;
  const changes: Change[] = [];
  const change = (entry: ProgramTensor, next: Value): void => void changes.push({ entry, next });

  const apply = accumulate > 1 ? graph.input("apply", "bool", []) : undefined;
  const guard = (next: Value, previous: Value): Value => {
    const made = finite ? where(finite, next, previous) : next;
    return apply ? where(apply, made, previous) : made;
  };
  const mean = apply
    ? accumulated(graph, parameters, gradients, accumulate, apply, finite, change)
    : gradients;
  const clipped = clipNorm > 0 ? clipByGlobalNorm(mean, clipNorm).clipped : mean;
  const scalars = stepScalars(graph);
  const share = ema > 0 ? graph.input("averageShare", "float32", []) : undefined;
  const keepAverage = (state: StateTensor, next: Value): void => {
    if (!share) return;
    const average = graph.input(`average.${state.name}`, "float32", state.value.shape);
    change(stateEntry(state, "average", average.name), guard(movingAverage(average, next, share), average));
  };

  const gradientOf = new Map(parameters.map((state, i) => [state, clipped[i] as Value]));
  const factorOf = ({ name }: StateTensor): number => rateFactor(name);
  for (const group of updatedTogether(parameters, factorOf)) {
    const first = group[0] as StateTensor;
    const values = group.map(({ value }) => value);
    const own = group.map((state) => gradientOf.get(state) as Value);
    const updates = graph.in(`optimizer.${first.name}`, () =>
      update(optimizer, values, own, scalars, factorOf(first)),
    );
    for (const [i, state] of group.entries()) {
      const { next, moments } = updates[i] as Update;
      const guarded = guard(next, state.value);
      change(stateEntry(state, "parameter"), guarded);
      for (const moment of moments)
        change(stateEntry(state, "moment", moment.name), guard(moment.next, moment.value));
      keepAverage(state, guarded);
    }
  }
  for (const state of statistics) {
    const next = state.next as Value;
    const guarded = finite ? where(finite, next, state.value) : next;
    change(stateEntry(state, "statistic"), guarded);
    // Averaged weights need matching statistics, so these are averaged in the same way.
    keepAverage(state, guarded);
  }
  return changes;
}

/** Groups the parameters that are updated together: several vectors of the same rate at a time. Others are updated alone. */
function updatedTogether(
  parameters: readonly StateTensor[],
  factorOf: (state: StateTensor) => number,
): StateTensor[][] {
  const groups: StateTensor[][] = [];
  const open = new Map<number, StateTensor[]>();
  for (const state of parameters) {
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

/**
 * Averages gradients over several batches; the sum so far is part of the state. A batch that overflows counts as zero. If it is
 * the last batch of an update, the update is skipped.
 */
function accumulated(
  graph: Graph,
  parameters: readonly StateTensor[],
  gradients: readonly Value[],
  batches: number,
  apply: Value,
  finite: Value | undefined,
  change: (entry: ProgramTensor, next: Value) => void,
): Value[] {
  return parameters.map((state, i) => {
    const sum = graph.input(`accumulator.${state.name}`, "float32", state.value.shape);
    const total = add(sum, mul(gradients[i] as Value, 1 / batches));
    const next = finite ? where(finite, total, sum) : total;
    change(stateEntry(state, "accumulator", sum.name), where(apply, 0, next));
    return total;
  });
}
