/** One divided by a tensor. */

import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

export const Reciprocal = unary({
  type: "Reciprocal",
  f: (x = 0) => 1 / x,
  gradient: ([dy], { outputs: [y] }) => [neg(mul(dy, mul(y, y)))],
  positive: true,
});

export const reciprocal = builder1(Reciprocal);
