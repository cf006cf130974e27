/** Square root. */

import { div } from "./div.ts";
import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";

export const Sqrt = unary({
  type: "Sqrt",
  f: (x = 0) => Math.sqrt(x),
  gradient: ([dy], { outputs: [y] }) => [div(mul(dy, 0.5), y)],
  positive: true,
});

export const sqrt = builder1(Sqrt);
