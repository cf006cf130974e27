/** Repeats a tensor along its axes of extent 1, to a shape that it broadcasts to. */

import { apply } from "../graph/graph.ts";
import { broadcast, known, show } from "../graph/infer.ts";
import { at, broadcastStrides, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Shape, Value } from "../graph/types.ts";

export const Expand: Operator<{ shape: Shape }, One> = {
  type: "Expand",
  attributes: { shape: "shape" },
  infer: ([x], { shape }) => [{ dtype: x.dtype, shape: broadcast(x.shape, known(shape)) }],
  gradient: ([dy]) => [dy],
  evaluate: ([x], { shape }) => {
    const { data, dtype, shape: from } = x;
    const to = broadcast(from, shape) as readonly number[];
    const strides = broadcastStrides(from, to);
    const out = tensor64(to, undefined, dtype);
    forEachIndex(to, (index, flat) => {
      out.data[flat] = data[at(index, strides)] as number;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 1, 3])], attributes: { shape: [4, 2, 5, 3] } },
    { inputs: [normal64([])], attributes: { shape: [3] } },
  ],
};

export function expand(x: Value, shape: Shape): Value {
  return show(x.shape) === show(shape) ? x : apply(Expand, [x], { shape });
}
