/** e to the power of a tensor. */

import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";

export const Exp = unary({
  type: "Exp",
  f: (x = 0) => Math.exp(x),
  gradient: ([dy], { outputs: [y] }) => [mul(dy, y)],
});

export const exp = builder1(Exp);
