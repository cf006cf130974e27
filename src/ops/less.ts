/** True where the first tensor is less than the second. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";

export const Less = binary({
  type: "Less",
  f: (a = 0, b = 0) => Number(a < b),
  gradient: { notDifferentiable: "its result is a truth value" },
  dtype: "bool",
});

export function less(a: Operand, b: Operand): Value {
  return apply(Less, operands(a, b), {});
}
