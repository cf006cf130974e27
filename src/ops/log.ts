/** Natural logarithm. */

import type { Value } from "../graph/types.ts";
import { div } from "./div.ts";
import { builder1, unary } from "./elementwise.ts";

export const Log = unary({
  type: "Log",
  f: (x = 0) => Math.log(x),
  gradient: ([dy], { inputs: [x] }) => [div(dy as Value, x as Value)],
  positive: true,
});

export const log = builder1(Log);
