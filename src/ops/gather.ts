/** Selects rows of a tensor by index, along one axis. */

import { apply } from "../graph/graph.ts";
import { axisOf, requireRank } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, Two, Value } from "../graph/types.ts";
import { stridesOf } from "../util/tensor.ts";

export const Gather: Operator<{ axis: number }, Two> = {
  type: "Gather",
  attributes: { axis: "int" },
  infer: ([x, indices], { axis }) => {
    const { dtype, shape } = x;
    requireRank(indices, 1, "indices");
    const along = axisOf(axis, shape.length);
    return [
      {
        dtype,
        shape: shape.map((dim, i) => (i === along ? (indices.shape[0] as Dim) : dim)),
      },
    ];
  },
  gradient: {
    notDifferentiable:
      "its gradient is a scatter, which adds row by row; composites that gather know a gradient that gathers too",
  },
  evaluate: ([x, indices], { axis }) => {
    const { shape, data, dtype } = x;
    const rows = indices.data;
    const along = axisOf(axis, shape.length);
    const strides = stridesOf(shape);
    const out = tensor64(
      shape.map((dim, i) => (i === along ? rows.length : dim)),
      undefined,
      dtype,
    );
    forEachIndex(out.shape, (index, flat) => {
      const source = [...index];
      source[along] = rows[index[along] as number] as number;
      out.data[flat] = data[at(source, strides)] as number;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 5, 3]), tensor64([4], [4, 0, 0, 2], "int32")], attributes: { axis: 1 } },
    { inputs: [normal64([3]), tensor64([1], [2], "int64")], attributes: { axis: 0 } },
  ],
};

/** Returns rows `indices` (constants) of `x` along `axis`. */
export function gather(x: Value, indices: Int32Array, axis: number): Value {
  return apply(Gather, [x, x.graph.constant("int32", [indices.length], indices, "rows")], { axis });
}
