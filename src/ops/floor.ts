/** The greatest integer less than or equal to each element. */

import { builder1, unary } from "./elementwise.ts";

export const Floor = unary({
  type: "Floor",
  f: (x = 0) => Math.floor(x),
  gradient: { notDifferentiable: "its gradient is zero wherever it exists" },
});

export const floor = builder1(Floor);
