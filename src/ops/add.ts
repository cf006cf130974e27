/** Sum of two tensors. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";

export const Add = binary({
  type: "Add",
  f: (a = 0, b = 0) => a + b,
  gradient: ([dy]) => [dy, dy],
});

export function add(a: Operand, b: Operand): Value {
  return apply(Add, operands(a, b), {});
}
