/** Shared parts of element-wise operators: shape rules, evaluations and cases. */

import { apply } from "../graph/graph.ts";
import { broadcast, requireSameDType } from "../graph/infer.ts";
import {
  at,
  broadcastStrides,
  forEachIndex,
  map64,
  normal64,
  tensor64,
  uniform64,
} from "../graph/tensor64.ts";
import type {
  Case,
  GradientRule,
  NotDifferentiable,
  One,
  Operator,
  Tensor64,
  Tensors,
  Two,
  Value,
} from "../graph/types.ts";
import { type DType, sizeOf } from "../util/tensor.ts";

type None = Record<never, never>;

export interface ElementwiseOptions<In extends Tensors> {
  readonly type: string;
  readonly f: (...x: number[]) => number;
  readonly gradient: GradientRule<None, In, One> | NotDifferentiable;
  /** Dtype of the result, if it differs from the dtype of the operands. */
  readonly dtype?: DType;
  readonly cases?: readonly Case<None, In>[];
}

/** Defines an operator on two tensors that broadcast against each other. */
export function binary(options: ElementwiseOptions<Two>): Operator<None, Two> {
  const { type, f, gradient, dtype } = options;
  return {
    type,
    attributes: {},
    infer: ([a, b]) => {
      const [x, y] = [a, b];
      requireSameDType(x, y);
      return [{ dtype: dtype ?? x.dtype, shape: broadcast(x.shape, y.shape) }];
    },
    gradient,
    evaluate: ([a, b]) => [zip64([a, b], f, dtype)],
    cases: options.cases ?? [
      { inputs: [normal64([3, 5], "a"), normal64([3, 5], "b")], attributes: {} },
      { inputs: [normal64([2, 1, 5], "a"), normal64([3, 1], "b")], attributes: {} },
      { inputs: [normal64([7], "a"), normal64([], "b")], attributes: {} },
    ],
  };
}

interface UnaryOptions extends ElementwiseOptions<One> {
  /** Whether only positive numbers are tested. */
  readonly positive?: boolean;
  /** For a composite: the same function, built from standard operators. */
  readonly expand?: (x: Value) => Value;
}

/** Defines an operator on one tensor. */
export function unary(options: UnaryOptions): Operator<None, One> {
  const { type, f, gradient, dtype, positive, expand } = options;
  const sample = (shape: readonly number[]): Tensor64 =>
    positive ? uniform64(shape, 0.3, 3) : normal64(shape);
  return {
    type,
    attributes: {},
    infer: ([x]) => [{ dtype: dtype ?? x.dtype, shape: x.shape }],
    gradient,
    evaluate: ([x]) => [map64(x, (value) => f(value), dtype)],
    ...(expand ? { expand: ([x]) => [expand(x)] } : {}),
    cases: options.cases ?? [
      { inputs: [sample([3, 5])], attributes: {} },
      { inputs: [sample([])], attributes: {} },
    ],
  };
}

/** Applies `f` to tensors that broadcast against each other. */
export function zip64(tensors: readonly Tensor64[], f: (...x: number[]) => number, dtype?: DType): Tensor64 {
  const shape = tensors
    .map((t) => t.shape as readonly (number | string)[])
    .reduce(broadcast) as readonly number[];
  const strides = tensors.map((t) => broadcastStrides(t.shape, shape));
  const out = tensor64(shape, new Float64Array(sizeOf(shape)), dtype ?? (tensors.at(-1) as Tensor64).dtype);
  const x = new Array<number>(tensors.length);
  forEachIndex(shape, (index, flat) => {
    for (const [i, tensor] of tensors.entries())
      x[i] = tensor.data[at(index, strides[i] as number[])] as number;
    out.data[flat] = f(...x);
  });
  return out;
}

/** Returns the builder function of an operator on one tensor. */
export function builder1(operator: Operator<None, One>): (x: Value) => Value {
  return (x) => apply(operator, [x], {});
}
