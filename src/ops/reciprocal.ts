/** One divided by a tensor. */

import type { Value } from "../graph/types.ts";
import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

export const Reciprocal = unary({
  type: "Reciprocal",
  f: (x = 0) => 1 / x,
  gradient: ([dy], { outputs: [y] }) => [neg(mul(dy as Value, mul(y as Value, y as Value)))],
  positive: true,
});

export const reciprocal = builder1(Reciprocal);
