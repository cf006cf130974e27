/** A tensor cut into parts along one axis: the reverse of Concat. */

import { axisOf, show } from "../graph/infer.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { arrayOf, sizeOf } from "../util/tensor.ts";
import { concat } from "./concat.ts";
import { Slice } from "./slice.ts";

export const Split: Operator<{ split: readonly number[]; axis: number }> = {
  type: "Split",
  attributes: { split: "axes", axis: "int" },
  infer: ([x], { split, axis }) => {
    const { dtype, shape } = x as TensorType;
    const along = axisOf(axis, shape.length);
    const total = split.reduce((sum, extent) => sum + extent, 0);
    if (total !== shape[along] || split.some((extent) => extent < 1)) {
      throw new GraphError(`[${split.join(", ")}] are not the parts of axis ${axis} of ${show(shape)}`);
    }
    return split.map((extent) => ({ dtype, shape: shape.map((dim, i) => (i === along ? extent : dim)) }));
  },
  gradient: (gradients, { inputs, outputs, attributes: { axis } }) => {
    const { graph } = inputs[0] as Value;
    const zeros = ({ dtype, shape }: Value): Value =>
      graph.constant(dtype, shape as number[], arrayOf(dtype, sizeOf(shape as number[])));
    return [
      concat(
        gradients.map((gradient, i) => gradient ?? zeros(outputs[i] as Value)),
        axis,
      ),
    ];
  },
  evaluate: ([x], { split, axis }) => {
    let end = 0;
    return split.map((extent) => {
      end += extent;
      const part = { starts: [end - extent], ends: [end], axes: [axis] };
      return Slice.evaluate([x as Tensor64], part)[0] as Tensor64;
    });
  },
  cases: [
    { inputs: [normal64([2, 5, 3])], attributes: { split: [1, 4], axis: 1 } },
    { inputs: [normal64([1, 6])], attributes: { split: [2, 1, 3], axis: -1 } },
  ],
};

/** Parts of `x` of the given extents along `axis`. */
export function split(x: Value, extents: readonly number[], axis: number): Value[] {
  return x.graph.apply(Split, [x], { split: extents, axis });
}
