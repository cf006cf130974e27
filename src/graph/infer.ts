/** Shape arithmetic shared by the operators' shape rules. */

import { GraphError } from "../util/errors.ts";
import type { Dim, Shape, TensorType } from "./types.ts";

/** Formats a shape for messages: `[2, 3, N]`. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Returns the shape that both shapes broadcast to (ONNX's multidirectional rule, as in numpy). */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new GraphError(`shapes ${show(a)} and ${show(b)} do not broadcast`);
    out.push(x === 1 ? y : x);
  }
  return out;
}

/** Returns an axis as a non-negative number. */
export function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= rank) throw new GraphError(`axis ${axis} is out of range for rank ${rank}`);
  return positive;
}

/** Returns a shape whose every extent is known; otherwise throws an error that states what must be fixed. */
export function known(shape: Shape, what = "this operator"): readonly number[] {
  for (const dim of shape) {
    if (typeof dim !== "number") throw new GraphError(`${what} needs a fixed shape, got ${show(shape)}`);
  }
  return shape as readonly number[];
}

export function requireRank(type: TensorType, rank: number, what: string): void {
  if (type.shape.length !== rank) {
    throw new GraphError(`${what} must have rank ${rank}, got shape ${show(type.shape)}`);
  }
}

export function requireSameDType(a: TensorType, b: TensorType): void {
  if (a.dtype !== b.dtype)
    throw new GraphError(`operands have different dtypes, ${a.dtype} and ${b.dtype}; cast one of them`);
}

/**
 * Returns the extent of a convolution's or pooling's output along one axis (PyTorch's formula, with `ceil` as its
 * `ceil_mode`). `after` is the padding at the end if it differs. A symbolic extent gets a new name, unless the window
 * preserves it.
 */
export function windowedExtent<D extends Dim>(
  extent: D,
  kernel: number,
  stride: number,
  padding: number,
  ceil?: boolean,
  after?: number,
): D;
export function windowedExtent(
  extent: Dim,
  kernel: number,
  stride: number,
  padding: number,
  ceil = false,
  after = padding,
): Dim {
  if (typeof extent === "string") {
    const shift = padding + after - kernel + stride;
    const shifted = shift === 0 ? extent : `(${extent}${shift < 0 ? "" : "+"}${shift})`;
    return stride === 1 ? shifted : `${ceil ? "ceil" : "floor"}(${shifted}/${stride})`;
  }
  const span = extent + padding + after - kernel;
  if (span < 0) {
    throw new GraphError(`a window of ${kernel} does not fit into ${extent} pixels with padding ${padding}`);
  }
  const steps = span / stride;
  let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that starts in the right padding is dropped, as in PyTorch.
  if (ceil && (out - 1) * stride >= extent + padding) out--;
  return out;
}
