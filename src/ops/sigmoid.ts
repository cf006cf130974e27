/** The logistic function, 1 / (1 + e⁻ˣ). ONNX opset 13. */

import type { Value } from "../graph/types.ts";
import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";

export const Sigmoid = unary({
  type: "Sigmoid",
  f: (x = 0) => 1 / (1 + Math.exp(-x)),
  gradient: ([dy], { outputs: [y] }) => [mul(dy as Value, mul(y as Value, sub(1, y as Value)))],
});

export const sigmoid = builder1(Sigmoid);
