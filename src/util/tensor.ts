/**
 * Plain tensors: a shape and its numbers in row-major order, the form in which they pass between files, programs and
 * threads.
 */

import { GraphError } from "./errors.ts";
import { fromFloat16 } from "./half.ts";

/** Element types that vultus's graphs use, named as in numpy. float16 is stored as its raw 16 bits. */
export type DType = "float32" | "float16" | "float64" | "int64" | "int32" | "uint8" | "int8" | "bool";

export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | Int8Array;

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** A float32 tensor, the only type of weights and optimizer state. */
export interface FloatTensor extends Tensor {
  readonly dtype: "float32";
  readonly data: Float32Array;
}

/** Weights under their canonical (torchvision) names and layouts. */
export type StateDict = Map<string, FloatTensor>;

export const bytesPerElement: Record<DType, number> = {
  float32: 4,
  float16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  uint8: 1,
  int8: 1,
  bool: 1,
};

/** Returns the number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Wraps `data` as a float32 tensor; it must contain exactly as many numbers as `shape` requires. */
export function floatTensor(shape: readonly number[], data: Float32Array | readonly number[]): FloatTensor {
  const array = data instanceof Float32Array ? data : Float32Array.from(data);
  if (array.length !== sizeOf(shape)) {
    throw new GraphError(
      `${array.length} numbers given for the shape [${shape.join(", ")}], which has ${sizeOf(shape)} elements`,
    );
  }
  return { dtype: "float32", shape, data: array };
}

/** Creates a zeroed array of the type that stores `dtype`. */
export function arrayOf(dtype: DType, length: number): TypedArray {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "float16":
      return new Uint16Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "int32":
      return new Int32Array(length);
    case "int8":
      return new Int8Array(length);
    case "uint8":
    case "bool":
      return new Uint8Array(length);
  }
}

/** Returns the numbers in an array of `dtype`; float16 numbers are converted from their bits. */
export function numbersOf(dtype: DType, data: TypedArray): number[] {
  return dtype === "float16" ? Array.from(data as Uint16Array, fromFloat16) : Array.from(data, Number);
}

/** Returns the row-major strides of a shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** Reorders the axes of `data`, which has `shape`: axis `i` of the result is axis `permutation[i]` of the input. */
export function permute(
  data: Float32Array,
  shape: readonly number[],
  permutation: readonly number[],
): Float32Array {
  const strides = stridesOf(shape);
  const dims = permutation.map((axis) => shape[axis] as number);
  const steps = permutation.map((axis) => strides[axis] as number);
  const out = new Float32Array(data.length);
  const rank = dims.length;
  const last = dims[rank - 1] ?? 1;
  const lastStep = steps[rank - 1] ?? 1;
  const index = new Array<number>(rank).fill(0);
  let base = 0;
  for (let o = 0; o < out.length; ) {
    for (let i = 0, p = base; i < last; i++, p += lastStep) out[o++] = data[p] as number;
    for (let axis = rank - 2; axis >= 0; axis--) {
      base += steps[axis] as number;
      if (++(index[axis] as number) < (dims[axis] as number)) break;
      base -= (steps[axis] as number) * (dims[axis] as number);
      index[axis] = 0;
    }
    if (rank < 2) break;
  }
  return out;
}

/** Returns the inverse of `permutation`. */
export function inversePermutation(permutation: readonly number[]): number[] {
  const inverse = new Array<number>(permutation.length);
  for (const [to, from] of permutation.entries()) inverse[from] = to;
  return inverse;
}
