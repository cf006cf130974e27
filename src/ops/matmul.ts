/** Batched matrix product over the last two axes; the leading axes broadcast. */

import { apply } from "../graph/graph.ts";
import { broadcast, requireSameDType, show } from "../graph/infer.ts";
import { at, broadcastStrides, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, Two, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { transpose } from "./transpose.ts";

export const MatMul: Operator<Record<never, never>, Two> = {
  type: "MatMul",
  attributes: {},
  infer: ([x, w]) => {
    requireSameDType(x, w);
    const fits = x.shape.length >= 2 && w.shape.length >= 2 && x.shape.at(-1) === w.shape.at(-2);
    if (!fits) throw new GraphError(`${show(x.shape)} cannot be multiplied by ${show(w.shape)}`);
    const lead = broadcast(x.shape.slice(0, -2), w.shape.slice(0, -2));
    return [{ dtype: x.dtype, shape: [...lead, x.shape.at(-2) as Dim, w.shape.at(-1) as Dim] }];
  },
  gradient: ([dy], { inputs: [a, b] }) => {
    return [matmul(dy, swapLast(b)), matmul(swapLast(a), dy)];
  },
  evaluate: ([a, b]) => {
    const [m, k, n] = [a.shape.at(-2) as number, a.shape.at(-1) as number, b.shape.at(-1) as number];
    const lead = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)) as readonly number[];
    const out = tensor64([...lead, m, n], undefined, a.dtype);
    const [ofA, ofB] = [a, b].map((t) => broadcastStrides(t.shape.slice(0, -2), lead)) as [
      number[],
      number[],
    ];
    forEachIndex(out.shape, (index, flat) => {
      const [i, j] = index.slice(-2) as [number, number];
      const [startA, startB] = [at(index.slice(0, -2), ofA) * m * k, at(index.slice(0, -2), ofB) * k * n];
      for (let p = 0; p < k; p++) {
        const product = (a.data[startA + i * k + p] as number) * (b.data[startB + p * n + j] as number);
        out.data[flat] = (out.data[flat] as number) + product;
      }
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 3, 4]), normal64([2, 4, 5])], attributes: {} },
    { inputs: [normal64([2, 1, 3, 4]), normal64([5, 4, 2])], attributes: {} },
    { inputs: [normal64([1, 4]), normal64([4, 3])], attributes: {} },
  ],
};

export function matmul(a: Value, b: Value): Value {
  return apply(MatMul, [a, b], {});
}

/** Returns `x` with its last two axes swapped. */
export function swapLast(x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  const rank = axes.length;
  return transpose(x, [...axes.slice(0, -2), rank - 1, rank - 2]);
}
