/** Moves weights between a state dict and the state of a training program. */

import { INITIAL_SCALE } from "../program/loss-scale.ts";
import { type Program, stateOf, toCanonical, toProgram } from "../program/program.ts";
import type { Tensors } from "../runtime/session.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { floatTensor, type StateDict, sizeOf, type Tensor } from "../util/tensor.ts";

/**
 * Returns the state at the start of a phase: the given weights, averages equal to them, and zero moments. Tensors in `saved` (a
 * checkpoint, canonical) take precedence; a checkpoint from the middle of a phase must have all tensors.
 *
 * @throws UsageError for a weight that is in neither; FormatError for a checkpoint that lacks a part of the state.
 */
export function initialState(program: Program, weights: StateDict, saved: StateDict = new Map()): Tensors {
  const state: Record<string, Tensor> = {};
  const midway = [...saved.keys()].some((name) => !weights.has(name));
  for (const entry of stateOf(program)) {
    const { name, role } = entry;
    if (midway && !saved.has(name))
      throw new FormatError(
        `the checkpoint lacks ${name}: another version of vultus wrote it, and only that one can continue its run`,
      );
    const shape = entry.canonicalShape ?? (entry.shape as readonly number[]);
    const canonical = saved.get(name) ?? weights.get(name.replace(/^average\./, ""));
    if (!canonical && isWeight(role))
      throw new UsageError(
        `the weights lack ${name} [${shape.join(", ")}]. Weights of a network with a scope carry it in their names, ` +
          'as in "left.layer1.weight"',
      );
    state[name] = toProgram(entry, canonical ?? floatTensor(shape, fresh(name, role, shape)));
  }
  return state;
}

function isWeight(role: string): boolean {
  return role === "parameter" || role === "statistic" || role === "average";
}

function fresh(name: string, role: string, shape: readonly number[]): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  return role === "scaler" && name === "scaler.scale" ? data.fill(INITIAL_SCALE) : data;
}

/** Returns every state tensor under its canonical name and layout. */
export function canonicalState(program: Program, state: Tensors): StateDict {
  const canonical: StateDict = new Map();
  for (const entry of stateOf(program))
    canonical.set(entry.name, toCanonical(entry, state[entry.name] as Tensor));
  return canonical;
}

/** Returns `weights` with the trained tensors replaced: by their moving averages, if there are any and `averaged` is set. */
export function trainedWeights(weights: StateDict, canonical: StateDict, averaged: boolean): StateDict {
  const result: StateDict = new Map();
  for (const [name, tensor] of weights) {
    const average = averaged ? canonical.get(`average.${name}`) : undefined;
    result.set(name, average ?? canonical.get(name) ?? tensor);
  }
  return result;
}
