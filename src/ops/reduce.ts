/** Shared parts of reductions: axes, shape rule and iteration over the elements. */

import { apply } from "../graph/graph.ts";
import { axisOf } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Case, GradientRule, NotDifferentiable, One, Operator, Shape, Value } from "../graph/types.ts";
import { stridesOf } from "../util/tensor.ts";

export type ReduceAttributes = { readonly axes: readonly number[]; readonly keepdims: number };

interface ReduceOptions {
  readonly type: string;
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  /** Applied to each result, with the number of elements reduced into it. */
  readonly finish?: (sum: number, count: number) => number;
  readonly gradient: GradientRule<ReduceAttributes, One> | NotDifferentiable;
}

const cases: readonly Case<ReduceAttributes, One>[] = [
  { inputs: [normal64([3, 4, 5])], attributes: { axes: [1], keepdims: 1 } },
  { inputs: [normal64([3, 4, 5])], attributes: { axes: [0, 2], keepdims: 0 } },
  { inputs: [normal64([1, 3])], attributes: { axes: [-1], keepdims: 0 } },
];

export function reduction(options: ReduceOptions): Operator<ReduceAttributes, One> {
  const { type, start, step, finish = (sum) => sum, gradient } = options;
  return {
    type,
    attributes: { axes: "axes", keepdims: "int" },
    infer: ([x], { axes, keepdims }) => {
      const { dtype, shape } = x;
      const kept = keptShape(shape, axes);
      return [{ dtype, shape: keepdims ? kept : withoutAxes(shape, axes) }];
    },
    gradient,
    evaluate: ([x], { axes, keepdims }) => {
      const { shape, data, dtype } = x;
      const kept = keptShape(shape, axes) as number[];
      const strides = stridesOf(kept).map((stride, axis) => (kept[axis] === 1 ? 0 : stride));
      const out = tensor64(kept, undefined, dtype);
      out.data.fill(start);
      forEachIndex(shape, (index, flat) => {
        const position = at(index, strides);
        out.data[position] = step(out.data[position] as number, data[flat] as number);
      });
      const count = data.length / out.data.length;
      const results = out.data.map((sum) => finish(sum, count));
      return [tensor64(keepdims ? kept : (withoutAxes(shape, axes) as number[]), results, dtype)];
    },
    cases,
  };
}

/** Returns `shape` with 1 at the reduced axes. */
export function keptShape(shape: Shape, axes: readonly number[]): Shape {
  const reduced = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return shape.map((dim, axis) => (reduced.has(axis) ? 1 : dim));
}

function withoutAxes(shape: Shape, axes: readonly number[]): Shape {
  const reduced = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  return shape.filter((_, axis) => !reduced.has(axis));
}

/** Returns the builder function of a reduction; without `axes` it reduces all of them, to shape []. */
export function reducer(
  operator: Operator<ReduceAttributes, One>,
): (x: Value, axes?: readonly number[], keep?: boolean) => Value {
  return (x, axes = x.shape.map((_, axis) => axis), keep = false) =>
    axes.length === 0 ? x : apply(operator, [x], { axes, keepdims: keep ? 1 : 0 });
}
