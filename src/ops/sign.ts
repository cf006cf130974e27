/** -1, 0 or 1. */

import { builder1, unary } from "./elementwise.ts";

export const Sign = unary({
  type: "Sign",
  f: (x = 0) => Math.sign(x),
  gradient: { notDifferentiable: "its gradient is zero wherever it exists" },
});

export const sign = builder1(Sign);
