/** The part of a tensor between two positions along one axis. */

import { apply } from "../graph/graph.ts";
import { axisOf, show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { arrayOf, sizeOf, stridesOf } from "../util/tensor.ts";
import { concat } from "./concat.ts";

export const Slice: Operator<{
  starts: readonly number[];
  ends: readonly number[];
  axes: readonly number[];
}> = {
  type: "Slice",
  attributes: { starts: "axes", ends: "axes", axes: "axes" },
  infer: ([x], { starts: [start = 0], ends: [end = 0], axes: [axis = 0] }) => {
    const { dtype, shape } = x as TensorType;
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
    const x = inputs[0] as Value;
    const along = axisOf(axis, x.shape.length);
    const zeros = (extent: number): Value[] => {
      if (extent === 0) return [];
      const shape = x.shape.map((dim, i) => (i === along ? extent : (dim as number)));
      return [x.graph.constant(x.dtype, shape, arrayOf(x.dtype, sizeOf(shape)))];
    };
    return [concat([...zeros(start), dy as Value, ...zeros((x.shape[along] as number) - end)], along)];
  },
  evaluate: ([x], { starts: [start = 0], ends: [end = 0], axes: [axis = 0] }) => {
    const { shape, data, dtype } = x as Tensor64;
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

/** `x` from `start` (included) to `end` (left out) along `axis`. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  return apply(Slice, [x], { starts: [start], ends: [end], axes: [axis] });
}
