/** Limits a tensor to [low, high]; the gradient is 0 outside, as in PyTorch's `clamp`. */

import { apply } from "../graph/graph.ts";
import { map64, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, Three, Value } from "../graph/types.ts";
import { equal } from "./equal.ts";
import { where } from "./where.ts";

export const Clip: Operator<Record<never, never>, Three> = {
  type: "Clip",
  attributes: {},
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ([dy], { inputs: [x], outputs: [y] }) => [where(equal(x, y), dy, 0), undefined, undefined],
  evaluate: ([x, low, high]) => [
    map64(x, (v) => Math.min(Math.max(v, low?.data[0] as number), high?.data[0] as number)),
  ],
  cases: [
    { inputs: [normal64([4, 7]), tensor64([], [-0.5]), tensor64([], [0.8])], attributes: {} },
    { inputs: [normal64([1, 3, 5, 7]), tensor64([], [0]), tensor64([], [6])], attributes: {} },
    { inputs: [normal64([]), tensor64([], [-9]), tensor64([], [-8])], attributes: {} },
  ],
};

export function clip(x: Value, low: number, high: number): Value {
  return apply(Clip, [x, x.graph.scalar(low, x.dtype), x.graph.scalar(high, x.dtype)], {});
}
