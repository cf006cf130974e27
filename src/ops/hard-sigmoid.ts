/** A linear function, clipped to [0, 1]. ONNX opset 6. */

import { apply } from "../graph/graph.ts";
import { map64, normal64, uniform64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { and } from "./and.ts";
import { greater } from "./greater.ts";
import { less } from "./less.ts";
import { mul } from "./mul.ts";
import { where } from "./where.ts";

export const HardSigmoid: Operator<{ alpha: number; beta: number }, One> = {
  type: "HardSigmoid",
  attributes: { alpha: "float", beta: "float" },
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ([dy], { outputs: [y], attributes: { alpha } }) => {
    const inside = and(greater(y, 0), less(y, 1));
    return [where(inside, mul(dy, alpha), 0)];
  },
  evaluate: ([x], { alpha, beta }) => [map64(x, (v) => Math.min(Math.max(alpha * v + beta, 0), 1))],
  cases: [
    { inputs: [normal64([4, 7])], attributes: { alpha: 0.25, beta: 0.5 } },
    { inputs: [normal64([3, 5])], attributes: { alpha: 1, beta: 0 } },
    { inputs: [uniform64([3, 1, 7], -5, 5)], attributes: { alpha: 1 / 6, beta: 0.5 } },
  ],
};

/** min(max(alpha·x + beta, 0), 1). Defaults to PyTorch's relu6(x + 3) / 6; ONNX's own default is steeper. */
export function hardSigmoid(x: Value, alpha = 1 / 6, beta = 0.5): Value {
  return apply(HardSigmoid, [x], { alpha, beta });
}
