/** True where both truth values are true. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import { integers64 } from "../graph/tensor64.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";

export const And = binary({
  type: "And",
  f: (a = 0, b = 0) => Number(a !== 0 && b !== 0),
  gradient: { notDifferentiable: "its operands are truth values" },
  cases: [
    { inputs: [integers64([4, 5], 2, "bool", "a"), integers64([5], 2, "bool", "b")], attributes: {} },
    {
      inputs: [integers64([1, 3, 1], 2, "bool", "a"), integers64([7, 1, 5], 2, "bool", "b")],
      attributes: {},
    },
  ],
});

export function and(a: Operand, b: Operand): Value {
  return apply(And, operands(a, b), {});
}
