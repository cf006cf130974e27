/** A compiled program: an ONNX graph plus the manifest of its tensors. */

import type { StateTensor } from "../nn/parameters.ts";
import {
  type DType,
  type FloatTensor,
  floatTensor,
  inversePermutation,
  permute,
  type Tensor,
} from "../util/tensor.ts";

/**
 * `parameter`, `statistic`, `moment`, `average`, `accumulator` and `scaler` are state: fed to a step and returned by it
 * under `next.<name>`. `feed` is fed in every run; `metric` is returned.
 */
export type Role =
  | "parameter"
  | "statistic"
  | "moment"
  | "average"
  | "accumulator"
  | "scaler"
  | "feed"
  | "metric";

export interface ProgramTensor {
  readonly name: string;
  readonly dtype: DType;
  /** The shape in the program; an unknown dimension has a name. */
  readonly shape: readonly (number | string)[];
  readonly role: Role;
  /** For state: the shape in checkpoints, and the permutation from that layout to the program's. */
  readonly canonicalShape?: readonly number[];
  readonly permutation?: readonly number[];
}

/** A random dropout mask that is a feed of a step. */
export interface MaskFeed {
  readonly layer: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly probability: number;
}

export interface Program {
  readonly name: string;
  readonly model: Uint8Array;
  readonly tensors: readonly ProgramTensor[];
  readonly masks: readonly MaskFeed[];
}

/** Returns the name of the output that replaces a state tensor. */
export function nextName(name: string): string {
  return `next.${name}`;
}

const stateRoles: ReadonlySet<Role> = new Set([
  "parameter",
  "statistic",
  "moment",
  "average",
  "accumulator",
  "scaler",
]);

/** Returns whether only its own update reads the tensor during a step, so that the update may overwrite it. */
export function onlyUpdateReads({ role }: ProgramTensor): boolean {
  return role === "moment" || role === "average" || role === "accumulator";
}

/** Returns the tensors that a step takes and returns. */
export function stateOf(program: Pick<Program, "tensors">): ProgramTensor[] {
  return program.tensors.filter((tensor) => stateRoles.has(tensor.role));
}

/** Returns the names of these tensors. */
export function stateNames(program: Program): string[] {
  return stateOf(program).map(({ name }) => name);
}

/** Returns the manifest entry of a weight, or of an associated tensor of the same shape called `name`. */
export function stateEntry(state: StateTensor, role: Role, name = state.name): ProgramTensor {
  const { spec, form, value } = state;
  return {
    name,
    dtype: "float32",
    shape: value.shape,
    role,
    canonicalShape: spec.shape,
    ...(form ? { permutation: form.permutation } : {}),
  };
}

/** Converts a canonical tensor to the program's layout. */
export function toProgram(entry: ProgramTensor, tensor: FloatTensor): FloatTensor {
  const shape = entry.shape as readonly number[];
  if (!entry.permutation) return floatTensor(shape, tensor.data);
  return floatTensor(shape, permute(tensor.data, tensor.shape, entry.permutation));
}

/** Converts a tensor of the program to its canonical layout. */
export function toCanonical(entry: ProgramTensor, tensor: Tensor): FloatTensor {
  const data = tensor.data as Float32Array;
  const shape = entry.canonicalShape ?? (entry.shape as readonly number[]);
  if (!entry.permutation) return floatTensor(shape, data);
  const permuted = entry.permutation.map((axis) => shape[axis] as number);
  return floatTensor(shape, permute(data, permuted, inversePermutation(entry.permutation)));
}
