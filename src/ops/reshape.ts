/** Changes the shape of a tensor and keeps its numbers. */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Shape, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";

export const Reshape: Operator<{ shape: Shape }, One> = {
  type: "Reshape",
  attributes: { shape: "shape" },
  infer: ([x], { shape }) => [{ dtype: x.dtype, shape: resolve(x.shape, shape) }],
  gradient: ([dy], { inputs: [x] }) => [reshape(dy, x.shape)],
  evaluate: ([x], { shape }) => {
    const { data, dtype } = x;
    return [tensor64(resolve(x.shape, shape) as number[], data, dtype)];
  },
  cases: [
    { inputs: [normal64([2, 6, 5])], attributes: { shape: [3, -1] } },
    { inputs: [normal64([1])], attributes: { shape: [] } },
  ],
};

/** `shape` may contain names of unknown extents that `x` also has, and one -1, which stands for the remaining extent. */
export function reshape(x: Value, shape: Shape): Value {
  const target = resolve(x.shape, shape);
  if (show(target) === show(x.shape)) return x;
  // An extent that includes names is not a number yet: it remains -1.
  const written = shape.map((dim, i) => (dim === -1 && typeof target[i] === "number" ? target[i] : dim));
  if (written.filter((dim) => typeof dim === "string" || dim === -1).length > 1 && written.includes(-1))
    throw new GraphError(`${show(x.shape)} to ${show(shape)}: only one extent may be left open`);
  return apply(Reshape, [x], { shape: written });
}

/** Returns `to` with its -1 replaced, after checking that both shapes have the same number of elements. */
function resolve(from: Shape, to: Shape): Shape {
  const numbers = (shape: Shape): number =>
    shape.reduce(
      (product: number, dim) => (typeof dim === "number" && dim !== -1 ? product * dim : product),
      1,
    );
  const names = (shape: Shape): string[] => shape.filter((dim) => typeof dim === "string");
  const left = names(from);
  const strange = names(to).filter((name) => {
    const index = left.indexOf(name);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
  const have = numbers(from);
  const want = numbers(to);
  const free = to.indexOf(-1);
  const fits = free < 0 ? have === want && left.length === 0 : want > 0 && have % want === 0;
  if (!fits || strange.length > 0) throw new GraphError(`${show(from)} cannot take the shape ${show(to)}`);
  if (free < 0) return to;
  const rest = have / want;
  const taken = left.length === 0 ? rest : [...(rest === 1 ? [] : [rest]), ...left].join("·");
  return to.map((dim, i) => (i === free ? taken : dim));
}
