/** The hyperbolic tangent. ONNX opset 13. */

import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";

export const Tanh = unary({
  type: "Tanh",
  f: (x = 0) => Math.tanh(x),
  gradient: ([dy], { outputs: [y] }) => [mul(dy, sub(1, mul(y, y)))],
});

export const tanh = builder1(Tanh);
