/** True where two tensors are equal. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import { integers64 } from "../graph/tensor64.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";

export const Equal = binary({
  type: "Equal",
  f: (a = 0, b = 0) => Number(a === b),
  gradient: { notDifferentiable: "its result is a truth value" },
  dtype: "bool",
  cases: [
    { inputs: [integers64([4, 5], 3, "int64", "a"), integers64([5], 3, "int64", "b")], attributes: {} },
    {
      inputs: [integers64([1, 3, 1], 3, "float32", "a"), integers64([7, 1, 5], 3, "float32", "b")],
      attributes: {},
    },
  ],
});

export function equal(a: Operand, b: Operand): Value {
  return apply(Equal, operands(a, b), {});
}
