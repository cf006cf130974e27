/**
 * min(max(x, 0), 6), as a `Clip`, which ONNX Runtime fuses into the preceding convolution. The gradient is 0 at 0 and
 * at 6, as in PyTorch's `relu6`; the gradient of `clip` is 1 there.
 */

import { uniform64 } from "../graph/tensor64.ts";
import { clip } from "./clip.ts";
import { builder1, unary } from "./elementwise.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";
import { mul } from "./mul.ts";
import { isPositive } from "./relu.ts";
import { sub } from "./sub.ts";

export const Relu6 = unary({
  type: "Relu6",
  f: (x = 0) => Math.min(Math.max(x, 0), 6),
  // y·(6 − y) is positive between the limits. Selecting between two tensors takes longer than these products, and subtracting a
  // number takes longer than a HardSigmoid, here (6 − y)·2²⁰. The power of two makes it exactly 0 at 6 despite rounding.
  gradient: ([dy], { outputs: [y] }) => {
    const below = y.dtype === "float32" ? hardSigmoid(y, -(2 ** 20), 6 * 2 ** 20) : sub(6, y);
    return [mul(dy, isPositive(mul(y, below)))];
  },
  expand: (x) => clip(x, 0, 6),
  cases: [
    { inputs: [uniform64([3, 5], -4, 10)], attributes: {} },
    { inputs: [uniform64([1, 3, 5, 7], -4, 10)], attributes: {} },
    { inputs: [uniform64([], 1, 5)], attributes: {} },
  ],
});

export const relu6 = builder1(Relu6);
