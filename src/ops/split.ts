/** A tensor cut into parts along one axis: the reverse of Concat. */

import { axisOf, show } from "../graph/infer.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { One, Operator, Tensors, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { arrayOf, sizeOf } from "../util/tensor.ts";
import { concat, Slice } from "./concat.ts";

export const Split: Operator<{ split: readonly number[]; axis: number }, One, Tensors> = {
  type: "Split",
  attributes: { split: "axes", axis: "int" },
  infer: ([x], { split, axis }) => {
    const { dtype, shape } = x;
    const along = axisOf(axis, shape.length);
    const total = split.reduce((sum, extent) => sum + extent, 0);
    if (total !== shape[along] || split.some((extent) => extent < 1)) {
      throw new GraphError(`[${split.join(", ")}] are not the parts of axis ${axis} of ${show(shape)}`);
    }
    return split.map((extent) => ({ dtype, shape: shape.map((dim, i) => (i === along ? extent : dim)) }));
  },
  gradient: (gradients, { inputs: [x], outputs, attributes: { axis } }) => {
    const zeros = ({ dtype, shape }: Value): Value =>
      x.graph.constant(dtype, shape as number[], arrayOf(dtype, sizeOf(shape as number[])));
    const parts = outputs.map((output, i) => gradients[i] ?? zeros(output));
    return [concat(parts, axis)];
  },
  evaluate: ([x], { split, axis }) => {
    let end = 0;
    return split.map((extent) => {
      end += extent;
      const part = { starts: [end - extent], ends: [end], axes: [axis] };
      return Slice.evaluate([x], part)[0];
    });
  },
  cases: [
    { inputs: [normal64([2, 5, 3])], attributes: { split: [1, 4], axis: 1 } },
    { inputs: [normal64([1, 6])], attributes: { split: [2, 1, 3], axis: -1 } },
  ],
};

/** Parts of `x` of the given extents along `axis`. */
export function split(x: Value, extents: readonly number[], axis: number): readonly Value[] {
  return x.graph.apply(Split, [x], { split: extents, axis });
}
