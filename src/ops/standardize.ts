/**
 * Rows normalised to mean 0 and deviation 1, and the factor applied: a part of the gradient of `LayerNormalization`,
 * computed by the same ONNX operator, whose third result is 1/√(σ² + ε).
 */

import { known } from "../graph/infer.ts";
import { map64, normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Tensor64, Three, Two, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { cast } from "./cast.ts";
import { expand } from "./expand.ts";

export const Standardize: Operator<{ readonly epsilon: number }, One, Two> = {
  type: "Standardize",
  attributes: { epsilon: "hidden" },
  infer: ([x]) => {
    const { dtype } = x;
    const [rows, width] = known(x.shape, "rows to normalise") as [number, number];
    return [
      { dtype, shape: [rows, width] },
      { dtype, shape: [rows, 1] },
    ];
  },
  gradient: { notDifferentiable: "it is part of a gradient itself" },
  expand: ([x], { epsilon }) => {
    const row = (fill: number): Value => expand(x.graph.scalar(fill, x.dtype), [x.shape[1] as number]);
    const inputs = [x, row(1), row(0)] as const;
    const [normal, , inverse] = x.graph.apply(WithStatistics, inputs, { axis: -1, epsilon });
    return [normal, cast(inverse, x.dtype)];
  },
  evaluate: ([x], { epsilon }) => standardized(x, epsilon),
  cases: [
    { inputs: [normal64([6, 5])], attributes: { epsilon: 1e-5 } },
    { inputs: [map64(normal64([1, 9]), (v) => v / 100)], attributes: { epsilon: 1e-6 } },
  ],
};

/** ONNX's LayerNormalization with all of its results. The mean and 1/√(σ² + ε) are float32 for any dtype of the rows. */
const WithStatistics: Operator<{ readonly axis: number; readonly epsilon: number }, Three, Three> = {
  type: "LayerNormalization",
  attributes: { axis: "int", epsilon: "float" },
  infer: ([{ dtype, shape }]) => {
    const statistic = { dtype: "float32", shape: [...shape.slice(0, -1), 1] } as const;
    return [{ dtype, shape }, statistic, statistic];
  },
  gradient: { notDifferentiable: "it is part of a gradient itself" },
  evaluate: () => {
    throw new GraphError("Standardize has an evaluation, its expansion needs none");
  },
  cases: [],
};

/** Returns the rows [R, C], each with mean 0 and deviation 1, and their 1/√(σ² + ε) [R, 1]. */
export function standardize(x: Value, epsilon: number): readonly [normal: Value, inverse: Value] {
  return x.graph.apply(Standardize, [x], { epsilon });
}

/** Computes the same over the last axis of any tensor, in double precision. */
export function standardized(x: Tensor64, epsilon: number): readonly [normal: Tensor64, inverse: Tensor64] {
  const { shape, data, dtype } = x;
  const width = shape.at(-1) as number;
  const normal = tensor64(shape, undefined, dtype);
  const inverse = tensor64([...shape.slice(0, -1), 1], undefined, dtype);
  for (let row = 0; row < inverse.data.length; row++) {
    const values = data.subarray(row * width, (row + 1) * width);
    const mean = values.reduce((sum, v) => sum + v, 0) / width;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
    inverse.data[row] = 1 / Math.sqrt(variance + epsilon);
    for (const [i, v] of values.entries())
      normal.data[row * width + i] = (v - mean) * (inverse.data[row] as number);
  }
  return [normal, inverse];
}
