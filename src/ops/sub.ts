/** Difference of two tensors. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";
import { neg } from "./neg.ts";

export const Sub = binary({
  type: "Sub",
  f: (a = 0, b = 0) => a - b,
  gradient: ([dy]) => [dy, neg(dy)],
});

export function sub(a: Operand, b: Operand): Value {
  return apply(Sub, operands(a, b), {});
}
