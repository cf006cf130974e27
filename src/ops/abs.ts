/** Absolute value; the gradient at 0 is 0, as in PyTorch. */

import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { sign } from "./sign.ts";

export const Abs = unary({
  type: "Abs",
  f: (x = 0) => Math.abs(x),
  gradient: ([dy], { inputs: [x] }) => [mul(dy, sign(x))],
});

export const abs = builder1(Abs);
