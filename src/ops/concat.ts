/** Concatenation along one axis, slicing, and zero padding: each appears in the gradient of another. */

import { apply } from "../graph/graph.ts";
import { axisOf, show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, One, Operator, Tensors, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { stridesOf } from "../util/tensor.ts";

export const Concat: Operator<{ axis: number }, Tensors, One> = {
  type: "Concat",
  attributes: { axis: "int" },
  infer: (inputs, { axis }) => {
    const [first] = inputs;
    if (!first) throw new GraphError("there is nothing to join");
    const along = axisOf(axis, first.shape.length);
    let extent = 0;
    for (const { shape, dtype } of inputs) {
      const fits =
        shape.length === first.shape.length && shape.every((dim, i) => i === along || dim === first.shape[i]);
      if (!fits || dtype !== first.dtype || typeof shape[along] !== "number") {
        throw new GraphError(
          `cannot join ${dtype}${show(shape)} to ${first.dtype}${show(first.shape)} along axis ${axis}`,
        );
      }
      extent += shape[along];
    }
    return [{ dtype: first.dtype, shape: first.shape.map((dim, i): Dim => (i === along ? extent : dim)) }];
  },
  gradient: ([dy], { inputs, attributes: { axis } }) => {
    let start = 0;
    return inputs.map((input) => {
      const extent = input.shape[axisOf(axis, input.shape.length)] as number;
      start += extent;
      return slice(dy, axis, start - extent, start);
    });
  },
  evaluate: (inputs, { axis }) => {
    const shape = [...(inputs[0]?.shape ?? [])];
    const along = axisOf(axis, shape.length);
    shape[along] = inputs.reduce((sum, input) => sum + (input.shape[along] as number), 0);
    const out = tensor64(shape, undefined, inputs[0]?.dtype);
    const strides = stridesOf(shape);
    let start = 0;
    for (const input of inputs) {
      forEachIndex(input.shape, (index, flat) => {
        out.data[at(index, strides) + start * (strides[along] as number)] = input.data[flat] as number;
      });
      start += input.shape[along] as number;
    }
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 3, 4]), normal64([2, 1, 4]), normal64([2, 2, 4])], attributes: { axis: 1 } },
    { inputs: [normal64([3])], attributes: { axis: 0 } },
  ],
};

export const Slice: Operator<
  {
    starts: readonly number[];
    ends: readonly number[];
    axes: readonly number[];
  },
  One
> = {
  type: "Slice",
  attributes: { starts: "axes", ends: "axes", axes: "axes" },
  infer: ([x], { starts: [start = 0], ends: [end = 0], axes: [axis = 0] }) => {
    const { dtype, shape } = x;
    const along = axisOf(axis, shape.length);
    const extent = shape[along];
    if (typeof extent !== "number" || start < 0 || end > extent || start >= end) {
      throw new GraphError(`[${start}, ${end}) is not a part of axis ${axis} of ${show(shape)}`);
    }
    return [{ dtype, shape: shape.map((dim, i): Dim => (i === along ? end - start : dim)) }];
  },
  gradient: (
    [dy],
    {
      inputs,
      attributes: {
        starts: [start = 0],
        ends: [end = 0],
        axes: [axis = 0],
      },
    },
  ) => {
    const [x] = inputs;
    const along = axisOf(axis, x.shape.length);
    // Zero padding rather than concatenated zero tensors, which would be stored in the file.
    return [pad(dy, { [along]: [start, (x.shape[along] as number) - end] })];
  },
  evaluate: ([x], { starts: [start = 0], ends: [end = 0], axes: [axis = 0] }) => {
    const { shape, data, dtype } = x;
    const along = axisOf(axis, shape.length);
    const strides = stridesOf(shape);
    const out = tensor64(
      shape.map((dim, i) => (i === along ? end - start : dim)),
      undefined,
      dtype,
    );
    forEachIndex(out.shape, (index, flat) => {
      out.data[flat] = data[at(index, strides) + start * (strides[along] as number)] as number;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 5, 3])], attributes: { starts: [1], ends: [4], axes: [1] } },
    { inputs: [normal64([4, 1])], attributes: { starts: [0], ends: [2], axes: [-2] } },
  ],
};

/** `pads`: zeros before each axis, then after each. */
export const Pad: Operator<{ pads: readonly number[] }, One> = {
  type: "Pad",
  attributes: { pads: "axes" },
  infer: ([{ dtype, shape }], { pads }) => {
    const rank = shape.length;
    if (pads.length !== 2 * rank || pads.some((zeros) => zeros < 0))
      throw new GraphError(`${show(shape)} needs ${2 * rank} counts of zeros, got [${pads.join(", ")}]`);
    const grown = shape.map((dim, axis) => {
      const zeros = (pads[axis] as number) + (pads[rank + axis] as number);
      if (typeof dim === "number") return dim + zeros;
      if (zeros > 0) throw new GraphError(`axis ${axis} of ${show(shape)} has no known extent to be padded`);
      return dim;
    });
    return [{ dtype, shape: grown }];
  },
  gradient: ([dy], { inputs: [x], attributes: { pads } }) => [
    x.shape.reduce((inner: Value, dim, axis) => {
      const before = pads[axis] as number;
      return dim === inner.shape[axis] ? inner : slice(inner, axis, before, before + (dim as number));
    }, dy),
  ],
  evaluate: ([x], { pads }) => {
    const [type] = Pad.infer([x], { pads });
    const out = tensor64(type.shape as number[], undefined, x.dtype);
    const strides = stridesOf(out.shape);
    forEachIndex(x.shape, (index, flat) => {
      const moved = index.map((i, axis) => i + (pads[axis] as number));
      out.data[at(moved, strides)] = x.data[flat] as number;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 3, 5])], attributes: { pads: [0, 1, 2, 0, 0, 1] } },
    { inputs: [normal64([4])], attributes: { pads: [1, 0] } },
  ],
};

export function concat(values: readonly Value[], axis: number): Value {
  return apply(Concat, values, { axis });
}

/** Returns `x` from `start` (inclusive) to `end` (exclusive) along `axis`. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  return apply(Slice, [x], { starts: [start], ends: [end], axes: [axis] });
}

/** Adds `before` and `after` zeros along each named axis. */
export function pad(
  x: Value,
  zeros: Readonly<Record<number, readonly [before: number, after: number]>>,
): Value {
  const along = (side: 0 | 1): number[] => x.shape.map((_, axis) => zeros[axis]?.[side] ?? 0);
  const pads = [...along(0), ...along(1)];
  return pads.every((count) => count === 0) ? x : apply(Pad, [x], { pads });
}
