/** A straight line, cut off at 0 and at 1. ONNX opset 6. */

import { apply } from "../graph/graph.ts";
import { map64, normal64 } from "../graph/tensor64.ts";
import type { Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { and } from "./and.ts";
import { greater } from "./greater.ts";
import { less } from "./less.ts";
import { mul } from "./mul.ts";
import { where } from "./where.ts";

export const HardSigmoid: Operator<{ alpha: number; beta: number }> = {
  type: "HardSigmoid",
  attributes: { alpha: "float", beta: "float" },
  infer: ([x]) => [{ dtype: (x as TensorType).dtype, shape: (x as TensorType).shape }],
  gradient: ([dy], { outputs: [y], attributes: { alpha } }) => {
    const inside = and(greater(y as Value, 0), less(y as Value, 1));
    return [where(inside, mul(dy as Value, alpha), 0)];
  },
  evaluate: ([x], { alpha, beta }) => [
    map64(x as Tensor64, (v) => Math.min(Math.max(alpha * v + beta, 0), 1)),
  ],
  cases: [
    { inputs: [normal64([4, 7])], attributes: { alpha: 0.25, beta: 0.5 } },
    { inputs: [normal64([3, 5])], attributes: { alpha: 1, beta: 0 } },
  ],
};

/** min(max(alpha·x, 0), 1). */
export function hardSigmoid(x: Value, alpha: number): Value {
  return apply(HardSigmoid, [x], { alpha, beta: 0 });
}
