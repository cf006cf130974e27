/** Softmax over the last axis, and its logarithm. */

import { apply } from "../graph/graph.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { GradientRule, Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { exp } from "./exp.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { sub } from "./sub.ts";

type SoftmaxAttributes = { readonly axis: number };

export const Softmax = overLastAxis("Softmax", Math.exp, ([gradient], { outputs }) => {
  const [dy, y] = [gradient as Value, outputs[0] as Value];
  return [mul(y, sub(dy, reduceSum(mul(dy, y), [-1], true)))];
});

export const LogSoftmax = overLastAxis(
  "LogSoftmax",
  (logarithm) => logarithm,
  ([gradient], { outputs }) => {
    const dy = gradient as Value;
    return [sub(dy, mul(exp(outputs[0] as Value), reduceSum(dy, [-1], true)))];
  },
);

export function softmax(x: Value): Value {
  return apply(Softmax, [x], { axis: -1 });
}

export function logSoftmax(x: Value): Value {
  return apply(LogSoftmax, [x], { axis: -1 });
}

/** An operator that is `f` of the log-softmax. */
function overLastAxis(
  type: string,
  f: (logarithm: number) => number,
  gradient: GradientRule<SoftmaxAttributes>,
): Operator<SoftmaxAttributes> {
  return {
    type,
    attributes: { axis: "int" },
    infer: ([x]) => [{ dtype: (x as TensorType).dtype, shape: (x as TensorType).shape }],
    gradient,
    evaluate: ([x]) => {
      const { shape, data, dtype } = x as Tensor64;
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
