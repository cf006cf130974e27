/** Splits a tensor into parts along one axis: the reverse of Concat. */

import { axisOf, show } from "../graph/infer.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { One, Operator, Tensors, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { add } from "./add.ts";
import { concat, pad, Slice } from "./concat.ts";

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
  gradient: (gradients, { inputs: [x], attributes: { split, axis } }) => {
    const given = gradients.filter((gradient) => gradient !== undefined);
    if (given.length === split.length) return [concat(given, axis)];
    const along = axisOf(axis, x.shape.length);
    const total = split.reduce((sum, extent) => sum + extent, 0);
    let end = 0;
    const padded = split.flatMap((extent, i) => {
      end += extent;
      const gradient = gradients[i];
      return gradient ? [pad(gradient, { [along]: [end - extent, total - end] })] : [];
    });
    return [padded.reduce((a, b) => add(a, b))];
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

/** Returns parts of `x` with the given extents along `axis`. */
export function split(x: Value, extents: readonly number[], axis: number): readonly Value[] {
  return x.graph.apply(Split, [x], { split: extents, axis });
}
