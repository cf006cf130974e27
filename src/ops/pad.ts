/** Zeros around a tensor. ONNX opset 18. */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { stridesOf } from "../util/tensor.ts";
import { slice } from "./concat.ts";

/** `pads`: zeros before each axis, then after each. */
export const Pad: Operator<{ pads: readonly number[] }, One> = {
  type: "Pad",
  attributes: { pads: "axes" },
  infer: ([{ dtype, shape }], { pads }) => {
    const rank = shape.length;
    if (pads.length !== 2 * rank || pads.some((zeros) => zeros < 0))
      throw new GraphError(`${show(shape)} needs ${2 * rank} counts of zeros, got [${pads.join(", ")}]`);
    const grown = shape.map((dim, axis) => {
      const zeros = (pads[axis] as number) + (pads[rank + axis] as number);
      if (typeof dim === "number") return dim + zeros;
      if (zeros > 0) throw new GraphError(`axis ${axis} of ${show(shape)} has no known extent to be padded`);
      return dim;
    });
    return [{ dtype, shape: grown }];
  },
  gradient: ([dy], { inputs: [x], attributes: { pads } }) => [
    x.shape.reduce((inner: Value, dim, axis) => {
      const before = pads[axis] as number;
      return dim === inner.shape[axis] ? inner : slice(inner, axis, before, before + (dim as number));
    }, dy),
  ],
  evaluate: ([x], { pads }) => {
    const [type] = Pad.infer([x], { pads });
    const out = tensor64(type.shape as number[], undefined, x.dtype);
    const strides = stridesOf(out.shape);
    forEachIndex(x.shape, (index, flat) => {
      const moved = index.map((i, axis) => i + (pads[axis] as number));
      out.data[at(moved, strides)] = x.data[flat] as number;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 3, 5])], attributes: { pads: [0, 1, 2, 0, 0, 1] } },
    { inputs: [normal64([4])], attributes: { pads: [1, 0] } },
  ],
};

/** `before` and `after` zeros along each axis that is named. */
export function pad(
  x: Value,
  zeros: Readonly<Record<number, readonly [before: number, after: number]>>,
): Value {
  const along = (side: 0 | 1): number[] => x.shape.map((_, axis) => zeros[axis]?.[side] ?? 0);
  const pads = [...along(0), ...along(1)];
  return pads.every((count) => count === 0) ? x : apply(Pad, [x], { pads });
}
