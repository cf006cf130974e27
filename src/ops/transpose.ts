/** Reorders the axes of a tensor: axis `i` of the result is axis `perm[i]` of the input. */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, One, Operator, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { inversePermutation, stridesOf } from "../util/tensor.ts";

export const Transpose: Operator<{ perm: readonly number[] }, One> = {
  type: "Transpose",
  attributes: { perm: "ints" },
  infer: ([x], { perm }) => {
    const { dtype, shape } = x;
    if ([...perm].sort((a, b) => a - b).some((axis, i) => axis !== i) || perm.length !== shape.length) {
      throw new GraphError(`[${perm.join(", ")}] is not a permutation of the axes of ${show(shape)}`);
    }
    return [{ dtype, shape: perm.map((axis) => shape[axis] as Dim) }];
  },
  gradient: ([dy], { attributes }) => [transpose(dy, inversePermutation(attributes.perm))],
  evaluate: ([x], { perm }) => {
    const { shape, data, dtype } = x;
    const strides = stridesOf(shape);
    const steps = perm.map((axis) => strides[axis] as number);
    const out = tensor64(
      perm.map((axis) => shape[axis] as number),
      undefined,
      dtype,
    );
    forEachIndex(out.shape, (index, flat) => {
      out.data[flat] = data[at(index, steps)] as number;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 3, 5])], attributes: { perm: [2, 0, 1] } },
    { inputs: [normal64([1, 4])], attributes: { perm: [1, 0] } },
  ],
};

export function transpose(x: Value, perm: readonly number[]): Value {
  return apply(Transpose, [x], { perm });
}
