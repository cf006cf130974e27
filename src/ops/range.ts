/** Numbers from a start, in equal steps, up to an exclusive limit. ONNX opset 11. */

import { apply } from "../graph/graph.ts";
import { requireRank } from "../graph/infer.ts";
import { tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, Three, Value } from "../graph/types.ts";

export const Range: Operator<{ extent: Dim }, Three> = {
  type: "Range",
  attributes: { extent: "hidden" },
  infer: (inputs, { extent }) => {
    for (const input of inputs) requireRank(input, 0, "start, limit and step");
    return [{ dtype: inputs[0].dtype, shape: [extent] }];
  },
  gradient: { notDifferentiable: "how many numbers there are jumps with the limit" },
  evaluate: (inputs) => {
    const [start, limit, step] = inputs.map((x) => x.data[0]) as [number, number, number];
    const count = Math.max(0, Math.ceil((limit - start) / step));
    const numbers = Array.from({ length: count }, (_, i) => start + i * step);
    return [tensor64([count], numbers, inputs[0].dtype)];
  },
  cases: [
    { inputs: [tensor64([], [0]), tensor64([], [5]), tensor64([], [1])], attributes: { extent: 5 } },
    { inputs: [tensor64([], [0.5]), tensor64([], [3]), tensor64([], [0.75])], attributes: { extent: 4 } },
  ],
};

/** Returns 0, 1, 2, … below the scalar `limit`; the extent of the result is called `extent`. */
export function range(limit: Value, extent: string): Value {
  return apply(Range, [limit.graph.scalar(0), limit, limit.graph.scalar(1)], { extent });
}
