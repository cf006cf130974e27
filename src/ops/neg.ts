/** The negative of a tensor. */

import type { Value } from "../graph/types.ts";
import { builder1, unary } from "./elementwise.ts";

export const Neg = unary({
  type: "Neg",
  f: (x = 0) => -x,
  gradient: ([dy]) => [neg(dy as Value)],
});

export const neg = builder1(Neg);
