/** Softmax over the last axis, and its logarithm. */

import { apply } from "../graph/graph.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { GradientRule, One, Operator, Value } from "../graph/types.ts";
import { exp } from "./exp.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { sub } from "./sub.ts";

type SoftmaxAttributes = { readonly axis: number };

export const Softmax = overLastAxis("Softmax", Math.exp, ([dy], { outputs: [y] }) => [
  mul(y, sub(dy, reduceSum(mul(dy, y), [-1], true))),
]);

export const LogSoftmax = overLastAxis(
  "LogSoftmax",
  (logarithm) => logarithm,
  ([dy], { outputs: [y] }) => [sub(dy, mul(exp(y), reduceSum(dy, [-1], true)))],
);

export function softmax(x: Value): Value {
  return apply(Softmax, [x], { axis: -1 });
}

export function logSoftmax(x: Value): Value {
  return apply(LogSoftmax, [x], { axis: -1 });
}

/** Defines an operator that is `f` of the log-softmax. */
function overLastAxis(
  type: string,
  f: (logarithm: number) => number,
  gradient: GradientRule<SoftmaxAttributes, One>,
): Operator<SoftmaxAttributes, One> {
  return {
    type,
    attributes: { axis: "int" },
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    gradient,
    evaluate: ([x]) => {
      const { shape, data, dtype } = x;
      const width = shape.at(-1) as number;
      const out = tensor64(shape, undefined, dtype);
      for (let row = 0; row < data.length; row += width) {
        const logits = data.subarray(row, row + width);
        const top = Math.max(...logits);
        const total = top + Math.log(logits.reduce((sum, v) => sum + Math.exp(v - top), 0));
        for (const [i, v] of logits.entries()) out.data[row + i] = f(v - total);
      }
      return [out];
    },
    cases: [
      { inputs: [normal64([4, 6])], attributes: { axis: -1 } },
      { inputs: [normal64([2, 1, 3])], attributes: { axis: -1 } },
    ],
  };
}
