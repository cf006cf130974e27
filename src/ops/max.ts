/** The greater of two tensors, element by element; at a tie the gradient goes to the first. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";
import { greater } from "./greater.ts";
import { where } from "./where.ts";

export const Max = binary({
  type: "Max",
  f: (a = 0, b = 0) => Math.max(a, b),
  gradient: ([dy], { inputs: [a, b] }) => {
    const second = greater(b, a);
    return [where(second, 0, dy), where(second, dy, 0)];
  },
});

export function max(a: Operand, b: Operand): Value {
  return apply(Max, operands(a, b), {});
}
