/** Tensors joined along one axis, and the part of one between two positions: each is in the gradient of the other. */

import { apply } from "../graph/graph.ts";
import { axisOf, show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, One, Operator, Tensors, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { arrayOf, sizeOf, stridesOf } from "../util/tensor.ts";

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
    const x = inputs[0];
    const along = axisOf(axis, x.shape.length);
    const zeros = (extent: number): Value[] => {
      if (extent === 0) return [];
      const shape = x.shape.map((dim, i) => (i === along ? extent : (dim as number)));
      return [x.graph.constant(x.dtype, shape, arrayOf(x.dtype, sizeOf(shape)))];
    };
    return [concat([...zeros(start), dy, ...zeros((x.shape[along] as number) - end)], along)];
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

export function concat(values: readonly Value[], axis: number): Value {
  return apply(Concat, values, { axis });
}

/** `x` from `start` (included) to `end` (left out) along `axis`. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  return apply(Slice, [x], { starts: [start], ends: [end], axes: [axis] });
}
