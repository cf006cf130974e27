/** Joins tensors along one axis. */

import { apply } from "../graph/graph.ts";
import { axisOf, show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { stridesOf } from "../util/tensor.ts";
import { slice } from "./slice.ts";

export const Concat: Operator<{ axis: number }> = {
  type: "Concat",
  attributes: { axis: "int" },
  infer: (inputs, { axis }) => {
    const first = inputs[0] as TensorType;
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
      return slice(dy as Value, axis, start - extent, start);
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

export function concat(values: readonly Value[], axis: number): Value {
  return apply(Concat, values, { axis });
}
