/** x if it is positive, otherwise a small multiple of it; the gradient at 0 is that multiple. ONNX opset 16. */

import { apply } from "../graph/graph.ts";
import { map64, normal64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { greater } from "./greater.ts";
import { mul } from "./mul.ts";
import { where } from "./where.ts";

export const LeakyRelu: Operator<{ alpha: number }, One> = {
  type: "LeakyRelu",
  attributes: { alpha: "float" },
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ([dy], { inputs: [x], attributes: { alpha } }) => {
    return [where(greater(x, 0), dy, mul(dy, alpha))];
  },
  evaluate: ([x], { alpha }) => [map64(x, (v) => (v > 0 ? v : alpha * v))],
  cases: [
    { inputs: [normal64([3, 5])], attributes: { alpha: 0.125 } },
    { inputs: [normal64([])], attributes: { alpha: 0.5 } },
  ],
};

export function leakyRelu(x: Value, alpha: number): Value {
  return apply(LeakyRelu, [x], { alpha });
}
