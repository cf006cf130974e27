/**
 * Layer normalisation over the last axis (Ba et al. 2016): y = γ·x̂ + β with x̂ = (x − μ)/√(σ² + ε). ONNX opset 17. The
 * gradient is the closed form, dx = (g − mean(g) − x̂·mean(g·x̂))/√(σ² + ε) with g = γ·dy. It recomputes x̂ in one
 * pass; computing it from x, μ and σ would take two.
 */

import { apply } from "../graph/graph.ts";
import { known, show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, Three, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { sizeOf } from "../util/tensor.ts";
import { add } from "./add.ts";
import { columnSums } from "./column-sums.ts";
import { matmul } from "./matmul.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import { standardize, standardized } from "./standardize.ts";
import { sub } from "./sub.ts";

type LayerNormAttributes = { readonly axis: number; readonly epsilon: number };

export const LayerNormalization: Operator<LayerNormAttributes, Three> = {
  type: "LayerNormalization",
  attributes: { axis: "int", epsilon: "float" },
  infer: ([x, scale, shift]) => {
    const width = x.shape.at(-1);
    if (typeof width !== "number")
      throw new GraphError(`the last axis must have a fixed extent, got ${show(x.shape)}`);
    for (const { shape } of [scale, shift]) {
      if (shape.length !== 1 || shape[0] !== width)
        throw new GraphError(`scale and shift must be [${width}], got ${show(shape)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: ([dy], { inputs: [x, scale], attributes: { epsilon } }) => {
    const shape = known(x.shape, "the gradient of a layer normalisation");
    const width = shape.at(-1) as number;
    const rows = (value: Value): Value => reshape(value, [sizeOf(shape) / width, width]);
    const [given, [normal, inverse]] = [rows(dy), standardize(rows(x), epsilon)];
    const product = mul(given, normal);
    const level = mul(rowSums(given, scale), 1 / width);
    const slope = mul(rowSums(product, scale), 1 / width);
    const centred = sub(mul(given, scale), add(mul(normal, slope), level));
    return [reshape(mul(centred, inverse), shape), columnSums(product), columnSums(given)];
  },
  evaluate: ([x, scale, shift], { epsilon }) => {
    const [normal] = standardized(x, epsilon);
    const width = scale.data.length;
    const of = (row: typeof scale, i: number): number => row.data[i % width] as number;
    return [
      tensor64(
        x.shape,
        normal.data.map((v, i) => v * of(scale, i) + of(shift, i)),
        x.dtype,
      ),
    ];
  },
  cases: [
    {
      inputs: [normal64([6, 5]), normal64([5], "scale"), normal64([5], "shift")],
      attributes: { axis: -1, epsilon: 1e-5 },
    },
    {
      inputs: [normal64([1, 3, 7]), normal64([7], "scale"), normal64([7], "shift")],
      attributes: { axis: -1, epsilon: 1e-6 },
    },
    {
      inputs: [normal64([2, 3, 1, 11]), normal64([11], "scale"), normal64([11], "shift")],
      attributes: { axis: -1, epsilon: 0.1 },
    },
  ],
};

/** Normalises `x` [..., C] over its last axis, then multiplies by `scale` [C] and adds `shift` [C]. */
export function layerNorm(x: Value, scale: Value, shift: Value, epsilon: number): Value {
  return apply(LayerNormalization, [x, scale, shift], { axis: -1, epsilon });
}

/**
 * Returns the sums of each row's numbers times `weights` [C]: [R, 1]. For float16 it uses the reduction, which
 * accumulates in float32.
 */
function rowSums(x: Value, weights: Value): Value {
  if (x.dtype !== "float32") return reduceSum(mul(x, weights), [1], true);
  return matmul(x, reshape(weights, [x.shape[1] as number, 1]));
}
