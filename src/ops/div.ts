/** Quotient of two tensors. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import { normal64, uniform64 } from "../graph/tensor64.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

export const Div = binary({
  type: "Div",
  f: (a = 0, b = 0) => a / b,
  gradient: ([dy], { inputs: [, b], outputs: [y] }) => {
    const da = div(dy, b);
    return [da, neg(mul(da, y))];
  },
  cases: [
    { inputs: [normal64([3, 5]), uniform64([3, 5], 0.5, 2)], attributes: {} },
    { inputs: [normal64([3, 1, 5]), uniform64([4, 1], -2, -0.5)], attributes: {} },
  ],
});

export function div(a: Operand, b: Operand): Value {
  return apply(Div, operands(a, b), {});
}
