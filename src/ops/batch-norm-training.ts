/**
 * Batch normalisation of rows [R, C], or of columns [C, R], by their own statistics (Ioffe and Szegedy 2015),
 * y = γ·(x − μ)/√(σ² + ε) + β. The gradient is the closed form, dx = a·(dy − mean(dy) − x̂·mean(dy·x̂)) with a = γ/√(σ² + ε),
 * written as one scale of dy, one scale of x − μ and one shift per channel. It sums dy·(x − μ) rather than dy·x:
 * subtracting μ·Σdy from the latter loses digits if μ is large compared with σ.
 */

import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, Three, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { add } from "./add.ts";
import { columnSums } from "./column-sums.ts";
import { div } from "./div.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import { sqrt } from "./sqrt.ts";
import { sub } from "./sub.ts";

/** `axis` is the axis of the channels: 1 for rows, 0 for columns. */
type BatchNormAttributes = { readonly epsilon: number; readonly axis: number };

export const BatchNormTraining: Operator<BatchNormAttributes, Three, Three> = {
  type: "BatchNormTraining",
  attributes: { epsilon: "hidden", axis: "hidden" },
  infer: ([x, scale, bias], { axis }) => {
    const channels = x.shape[axis];
    if (x.shape.length !== 2) throw new GraphError(`expected a matrix, got ${show(x.shape)}`);
    for (const { shape } of [scale, bias]) {
      if (shape.length !== 1 || shape[0] !== channels)
        throw new GraphError(`scale and bias must be [${channels}], got ${show(shape)}`);
    }
    const statistic = { dtype: x.dtype, shape: scale.shape };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },
  gradient: (
    [gradient],
    { inputs: [x, scale], outputs: [, mean, variance], attributes: { epsilon, axis } },
  ) => {
    if (!gradient) return [undefined, undefined, undefined];
    const { rows, sums, along } = layoutOf(x, axis);
    const deviation = sqrt(add(variance, epsilon));
    // The forward pass already computes this difference; ONNX Runtime merges equal nodes.
    const centred = sub(x, along(mean));
    const sumDy = sums(gradient);
    const sumDyX = div(sums(mul(gradient, centred)), deviation);
    const a = div(scale, deviation);
    const ofX = mul(div(mul(a, sumDyX), deviation), -1 / rows);
    const shift = mul(mul(a, sumDy), -1 / rows);
    const dx = add(add(mul(gradient, along(a)), mul(centred, along(ofX))), along(shift));
    return [dx, sumDyX, sumDy];
  },
  expand: ([x, scale, bias], { epsilon, axis }) => {
    const { rows, sums, along } = layoutOf(x, axis);
    const mean = mul(sums(x), 1 / rows);
    const centred = sub(x, along(mean));
    const variance = mul(sums(mul(centred, centred)), 1 / rows);
    const a = div(scale, sqrt(add(variance, epsilon)));
    return [add(mul(centred, along(a)), along(bias)), mean, variance];
  },
  evaluate: ([x, scale, bias], { epsilon, axis }) => {
    const [channels, rows] = [x.shape[axis], x.shape[1 - axis]] as [number, number];
    const place = (r: number, c: number): number => (axis === 1 ? r * channels + c : c * rows + r);
    const out = tensor64(x.shape, undefined, x.dtype);
    const mean = tensor64([channels], undefined, x.dtype);
    const variance = tensor64([channels], undefined, x.dtype);
    for (let c = 0; c < channels; c++) {
      const column = Array.from({ length: rows }, (_, r) => x.data[place(r, c)] as number);
      const m = column.reduce((sum, v) => sum + v, 0) / rows;
      const v = column.reduce((sum, value) => sum + (value - m) ** 2, 0) / rows;
      mean.data[c] = m;
      variance.data[c] = v;
      for (const [r, value] of column.entries()) {
        out.data[place(r, c)] =
          ((scale.data[c] as number) * (value - m)) / Math.sqrt(v + epsilon) + (bias.data[c] as number);
      }
    }
    return [out, mean, variance];
  },
  cases: [
    {
      inputs: [normal64([6, 3]), normal64([3], "scale"), normal64([3], "bias")],
      attributes: { epsilon: 1e-5, axis: 1 },
    },
    {
      inputs: [normal64([17, 1]), normal64([1], "scale"), normal64([1], "bias")],
      attributes: { epsilon: 1e-3, axis: 1 },
    },
    {
      inputs: [normal64([3, 10]), normal64([3], "scale"), normal64([3], "bias")],
      attributes: { epsilon: 1e-3, axis: 0 },
    },
  ],
};

/** The number of pixels, the sum over them, and per-channel numbers in a shape that broadcasts over them. */
function layoutOf(x: Value, axis: number) {
  const [channels, rows] = [x.shape[axis], x.shape[1 - axis]] as [number, number];
  const sums = (value: Value): Value => (axis === 1 ? columnSums(value) : reduceSum(value, [1]));
  const along = (value: Value): Value => (axis === 1 ? value : reshape(value, [channels, 1]));
  return { rows, sums, along };
}

/** Returns the normalised rows, and the mean and the biased variance of each channel. The latter two carry no gradient. */
export function batchNormTraining(
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
  axis: 0 | 1 = 1,
): { y: Value; mean: Value; variance: Value } {
  const [y, mean, variance] = x.graph.apply(BatchNormTraining, [x, scale, bias], { epsilon, axis });
  return { y, mean, variance };
}
