/** The logistic function, 1 / (1 + e⁻ˣ). ONNX opset 13. */

import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";

export const Sigmoid = unary({
  type: "Sigmoid",
  f: (x = 0) => 1 / (1 + Math.exp(-x)),
  gradient: ([dy], { outputs: [y] }) => [mul(dy, mul(y, sub(1, y)))],
});

export const sigmoid = builder1(Sigmoid);
