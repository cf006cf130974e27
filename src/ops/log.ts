/** Natural logarithm. */

import { div } from "./div.ts";
import { builder1, unary } from "./elementwise.ts";

export const Log = unary({
  type: "Log",
  f: (x = 0) => Math.log(x),
  gradient: ([dy], { inputs: [x] }) => [div(dy, x)],
  positive: true,
});

export const log = builder1(Log);
