/** The negative of a tensor. */

import { builder1, unary } from "./elementwise.ts";

export const Neg = unary({
  type: "Neg",
  f: (x = 0) => -x,
  gradient: ([dy]) => [neg(dy)],
});

export const neg = builder1(Neg);
