/** x where it is positive, a small multiple of it elsewhere; the gradient at 0 is that multiple. ONNX opset 16. */

import { apply } from "../graph/graph.ts";
import { map64, normal64 } from "../graph/tensor64.ts";
import type { Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { greater } from "./greater.ts";
import { mul } from "./mul.ts";
import { where } from "./where.ts";

export const LeakyRelu: Operator<{ alpha: number }> = {
  type: "LeakyRelu",
  attributes: { alpha: "float" },
  infer: ([x]) => [{ dtype: (x as TensorType).dtype, shape: (x as TensorType).shape }],
  gradient: ([gradient], { inputs: [x], attributes: { alpha } }) => {
    const dy = gradient as Value;
    return [where(greater(x as Value, 0), dy, mul(dy, alpha))];
  },
  evaluate: ([x], { alpha }) => [map64(x as Tensor64, (v) => (v > 0 ? v : alpha * v))],
  cases: [
    { inputs: [normal64([3, 5])], attributes: { alpha: 0.125 } },
    { inputs: [normal64([])], attributes: { alpha: 0.5 } },
  ],
};

export function leakyRelu(x: Value, alpha: number): Value {
  return apply(LeakyRelu, [x], { alpha });
}
