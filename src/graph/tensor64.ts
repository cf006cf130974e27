/** Double-precision tensors for evaluating operators and for their test cases. */

import { random } from "../util/random.ts";
import { type DType, sizeOf, stridesOf } from "../util/tensor.ts";
import type { Tensor64 } from "./types.ts";

export function tensor64(
  shape: readonly number[],
  data?: ArrayLike<number>,
  dtype: DType = "float32",
): Tensor64 {
  return { dtype, shape, data: data ? Float64Array.from(data) : new Float64Array(sizeOf(shape)) };
}

/** Returns normal deviates, always the same for the same shape and key. */
export function normal64(shape: readonly number[], key: number | string = 0): Tensor64 {
  const rng = random("normal64", ...shape, key);
  return tensor64(shape, Float64Array.from({ length: sizeOf(shape) }, rng.normal));
}

/** Returns numbers in [low, high). */
export function uniform64(
  shape: readonly number[],
  low: number,
  high: number,
  key: number | string = 0,
): Tensor64 {
  const rng = random("uniform64", ...shape, key);
  return tensor64(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => rng.uniform(low, high)),
  );
}

/** Returns integers in [0, count). */
export function integers64(
  shape: readonly number[],
  count: number,
  dtype: DType,
  key: number | string = 0,
): Tensor64 {
  const rng = random("integers64", ...shape, key);
  return tensor64(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => rng.integer(count)),
    dtype,
  );
}

/** Applies `f` to every element. */
export function map64(x: Tensor64, f: (x: number) => number, dtype: DType = x.dtype): Tensor64 {
  return { dtype, shape: x.shape, data: x.data.map(f) };
}

/** Returns the strides of `x` broadcast to `shape`: 0 along broadcast axes. */
export function broadcastStrides(x: readonly number[], shape: readonly number[]): number[] {
  const strides = stridesOf(x);
  return shape.map((_, axis) => {
    const own = axis - (shape.length - x.length);
    return own < 0 || x[own] === 1 ? 0 : (strides[own] as number);
  });
}

/** Calls `visit` for every index of `shape`, in row-major order. */
export function forEachIndex(shape: readonly number[], visit: (index: number[], flat: number) => void): void {
  const size = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++(index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
}

/** Returns the position of `index` under `strides`. */
export function at(index: readonly number[], strides: readonly number[]): number {
  let position = 0;
  for (let axis = 0; axis < index.length; axis++)
    position += (index[axis] as number) * (strides[axis] as number);
  return position;
}
