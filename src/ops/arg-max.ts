/** Index of the first greatest element along an axis, as int64. */

import { apply } from "../graph/graph.ts";
import { axisOf } from "../graph/infer.ts";
import { at, forEachIndex, integers64, normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { stridesOf } from "../util/tensor.ts";

export const ArgMax: Operator<{ axis: number; keepdims: number }, One> = {
  type: "ArgMax",
  attributes: { axis: "int", keepdims: "int" },
  infer: ([x], { axis, keepdims }) => {
    const { shape } = x;
    const along = axisOf(axis, shape.length);
    const reduced = keepdims
      ? shape.map((dim, i) => (i === along ? 1 : dim))
      : shape.filter((_, i) => i !== along);
    return [{ dtype: "int64", shape: reduced }];
  },
  gradient: { notDifferentiable: "its result is a position" },
  evaluate: ([x], { axis, keepdims }) => {
    const { shape, data } = x;
    const along = axisOf(axis, shape.length);
    const kept = shape.map((dim, i) => (i === along ? 1 : dim));
    const strides = stridesOf(kept).map((stride, i) => (i === along ? 0 : stride));
    const best = tensor64(kept, undefined, "int64");
    const greatest = new Float64Array(best.data.length).fill(Number.NEGATIVE_INFINITY);
    forEachIndex(shape, (index, flat) => {
      const position = at(index, strides);
      if ((data[flat] as number) > (greatest[position] as number)) {
        greatest[position] = data[flat] as number;
        best.data[position] = index[along] as number;
      }
    });
    return [
      keepdims
        ? best
        : tensor64(
            kept.filter((_, i) => i !== along),
            best.data,
            "int64",
          ),
    ];
  },
  cases: [
    { inputs: [normal64([3, 4, 5])], attributes: { axis: 1, keepdims: 0 } },
    { inputs: [integers64([4, 6], 3, "float32")], attributes: { axis: -1, keepdims: 1 } },
  ],
};

export function argMax(x: Value, axis: number, keep = false): Value {
  return apply(ArgMax, [x], { axis, keepdims: keep ? 1 : 0 });
}
