/** True where the first tensor is greater than the second. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";

export const Greater = binary({
  type: "Greater",
  f: (a = 0, b = 0) => Number(a > b),
  gradient: { notDifferentiable: "its result is a truth value" },
  dtype: "bool",
});

export function greater(a: Operand, b: Operand): Value {
  return apply(Greater, operands(a, b), {});
}
