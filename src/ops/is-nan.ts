/** Where a tensor is not a number. */

import { builder1, unary } from "./elementwise.ts";

export const IsNaN = unary({
  type: "IsNaN",
  f: (x = 0) => Number(Number.isNaN(x)),
  gradient: { notDifferentiable: "its result is a truth value" },
  dtype: "bool",
});

export const isNotANumber = builder1(IsNaN);
