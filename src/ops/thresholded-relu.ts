/** x if it is greater than alpha, otherwise 0; the gradient at alpha is 0. ONNX opset 10. */

import { apply } from "../graph/graph.ts";
import { map64, normal64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { greater } from "./greater.ts";
import { where } from "./where.ts";

export const ThresholdedRelu: Operator<{ alpha: number }, One> = {
  type: "ThresholdedRelu",
  attributes: { alpha: "float" },
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ([dy], { inputs: [x], attributes: { alpha } }) => [where(greater(x, alpha), dy, 0)],
  evaluate: ([x], { alpha }) => [map64(x, (v) => (v > alpha ? v : 0))],
  cases: [
    { inputs: [normal64([3, 5])], attributes: { alpha: 0.5 } },
    { inputs: [normal64([1, 7, 3])], attributes: { alpha: -0.75 } },
  ],
};

export function thresholdedRelu(x: Value, alpha: number): Value {
  return apply(ThresholdedRelu, [x], { alpha });
}
