/** Selects between two tensors by a truth value, element by element. */

import { apply, type Operand, operands } from "../graph/graph.ts";
import { broadcast, requireSameDType } from "../graph/infer.ts";
import { integers64, normal64 } from "../graph/tensor64.ts";
import type { Operator, Three, Value } from "../graph/types.ts";
import { zip64 } from "./elementwise.ts";

export const Where: Operator<Record<never, never>, Three> = {
  type: "Where",
  attributes: {},
  infer: ([condition, a, b]) => {
    requireSameDType(a, b);
    return [{ dtype: a.dtype, shape: broadcast(condition.shape, broadcast(a.shape, b.shape)) }];
  },
  gradient: ([dy], { inputs: [condition] }) => [undefined, where(condition, dy, 0), where(condition, 0, dy)],
  evaluate: (inputs) => [zip64(inputs, (condition = 0, a = 0, b = 0) => (condition ? a : b))],
  cases: [
    { inputs: [integers64([3, 5], 2, "bool"), normal64([3, 5], "a"), normal64([3, 5], "b")], attributes: {} },
    { inputs: [integers64([3, 1], 2, "bool"), normal64([5], "a"), normal64([], "b")], attributes: {} },
  ],
};

export function where(condition: Value, a: Operand, b: Operand): Value {
  return apply(Where, [condition, ...operands(a, b)], {});
}
