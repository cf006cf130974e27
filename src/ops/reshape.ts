/** The same numbers under another shape. */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, Shape, Tensor64, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";

export const Reshape: Operator<{ shape: Shape }> = {
  type: "Reshape",
  attributes: { shape: "shape" },
  infer: ([x], { shape }) => [
    { dtype: (x as TensorType).dtype, shape: resolve((x as TensorType).shape, shape) },
  ],
  gradient: ([dy], { inputs: [x] }) => [reshape(dy as Value, (x as Value).shape)],
  evaluate: ([x], { shape }) => {
    const { data, dtype } = x as Tensor64;
    return [tensor64(resolve((x as Tensor64).shape, shape) as number[], data, dtype)];
  },
  cases: [
    { inputs: [normal64([2, 6, 5])], attributes: { shape: [3, -1] } },
    { inputs: [normal64([1])], attributes: { shape: [] } },
  ],
};

/** `shape` may hold one -1, which takes what is left, and the name of an unknown extent that `x` has too. */
export function reshape(x: Value, shape: Shape): Value {
  const target = resolve(x.shape, shape);
  return show(target) === show(x.shape) ? x : apply(Reshape, [x], { shape: target });
}

/** `to` with its -1 replaced, after checking that both shapes hold the same number of elements. */
function resolve(from: Shape, to: Shape): Shape {
  const numbers = (shape: Shape): number =>
    shape.reduce(
      (product: number, dim) => (typeof dim === "number" && dim !== -1 ? product * dim : product),
      1,
    );
  const names = (shape: Shape): string =>
    shape
      .filter((dim) => typeof dim === "string")
      .sort()
      .join();
  const have = numbers(from);
  const want = numbers(to);
  const free = to.indexOf(-1);
  const fits = free < 0 ? have === want : want > 0 && have % want === 0;
  if (!fits || names(from) !== names(to))
    throw new GraphError(`${show(from)} cannot take the shape ${show(to)}`);
  return free < 0 ? to : to.map((dim, i) => (i === free ? have / want : dim));
}
