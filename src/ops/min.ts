/** The smaller of two tensors, element by element; at a tie the gradient goes to the first. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { binary } from "./elementwise.ts";
import { less } from "./less.ts";
import { where } from "./where.ts";

export const Min = binary({
  type: "Min",
  f: (a = 0, b = 0) => Math.min(a, b),
  gradient: ([dy], { inputs: [a, b] }) => {
    const second = less(b, a);
    return [where(second, 0, dy), where(second, dy, 0)];
  },
});

export function min(a: Operand, b: Operand): Value {
  return apply(Min, operands(a, b), {});
}
