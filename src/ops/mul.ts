/** Product of two tensors, element by element. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";

export const Mul = binary({
  type: "Mul",
  f: (a = 0, b = 0) => a * b,
  gradient: ([dy], { inputs: [a, b] }) => [mul(dy, b), mul(dy, a)],
});

export function mul(a: Operand, b: Operand): Value {
  return apply(Mul, operands(a, b), {});
}
