/** Logical negation. */

import { integers64 } from "../graph/tensor64.ts";
import { builder1, unary } from "./elementwise.ts";

export const Not = unary({
  type: "Not",
  f: (x = 0) => Number(x === 0),
  gradient: { notDifferentiable: "its operand is a truth value" },
  dtype: "bool",
  cases: [
    { inputs: [integers64([4, 5], 2, "bool")], attributes: {} },
    { inputs: [integers64([1, 3, 7], 2, "bool")], attributes: {} },
  ],
});

export const not = builder1(Not);
