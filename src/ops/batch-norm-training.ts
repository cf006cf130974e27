/**
 * Batch normalisation of rows [R, C] by their own statistics (Ioffe and Szegedy 2015): y = γ·(x − μ)/√(σ² + ε) + β.
 * The gradient is the closed form, dx = a·(dy − mean(dy) − x̂·mean(dy·x̂)) with a = γ/√(σ² + ε), written as one scale
 * of dy, one scale of x − μ and one shift per channel. It sums dy·(x − μ) and not dy·x, from which μ·Σdy would have to be
 * taken: where μ is large against σ that loses digits.
 */

import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, Three, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { add } from "./add.ts";
import { div } from "./div.ts";
import { mul } from "./mul.ts";
import { columnSums } from "./over-rows.ts";
import { sqrt } from "./sqrt.ts";
import { sub } from "./sub.ts";

type BatchNormAttributes = { readonly epsilon: number };

export const BatchNormTraining: Operator<BatchNormAttributes, Three, Three> = {
  type: "BatchNormTraining",
  attributes: { epsilon: "hidden" },
  infer: ([x, scale, bias]) => {
    const channels = x.shape[1];
    if (x.shape.length !== 2) throw new GraphError(`expected rows [R, C], got ${show(x.shape)}`);
    for (const { shape } of [scale, bias]) {
      if (shape.length !== 1 || shape[0] !== channels)
        throw new GraphError(`scale and bias must be [${channels}], got ${show(shape)}`);
    }
    const statistic = { dtype: x.dtype, shape: scale.shape };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },
  gradient: ([gradient], { inputs: [x, scale], outputs: [, mean, variance], attributes: { epsilon } }) => {
    if (!gradient) return [undefined, undefined, undefined];
    const rows = x.shape[0] as number;
    const deviation = sqrt(add(variance, epsilon));
    // The forward pass has this difference already; ONNX Runtime computes equal nodes once.
    const centred = sub(x, mean);
    const sumDy = columnSums(gradient);
    const sumDyX = div(columnSums(mul(gradient, centred)), deviation);
    const a = div(scale, deviation);
    const ofX = mul(div(mul(a, sumDyX), deviation), -1 / rows);
    const shift = mul(mul(a, sumDy), -1 / rows);
    return [add(add(mul(gradient, a), mul(centred, ofX)), shift), sumDyX, sumDy];
  },
  expand: ([x, scale, bias], { epsilon }) => {
    const rows = x.shape[0] as number;
    const mean = mul(columnSums(x), 1 / rows);
    const centred = sub(x, mean);
    const variance = mul(columnSums(mul(centred, centred)), 1 / rows);
    const a = div(scale, sqrt(add(variance, epsilon)));
    return [add(mul(centred, a), bias), mean, variance];
  },
  evaluate: ([x, scale, bias], { epsilon }) => {
    const [rows, channels] = x.shape as [number, number];
    const out = tensor64(x.shape, undefined, x.dtype);
    const mean = tensor64([channels], undefined, x.dtype);
    const variance = tensor64([channels], undefined, x.dtype);
    for (let c = 0; c < channels; c++) {
      const column = Array.from({ length: rows }, (_, r) => x.data[r * channels + c] as number);
      const m = column.reduce((sum, v) => sum + v, 0) / rows;
      const v = column.reduce((sum, value) => sum + (value - m) ** 2, 0) / rows;
      mean.data[c] = m;
      variance.data[c] = v;
      for (const [r, value] of column.entries()) {
        out.data[r * channels + c] =
          ((scale.data[c] as number) * (value - m)) / Math.sqrt(v + epsilon) + (bias.data[c] as number);
      }
    }
    return [out, mean, variance];
  },
  cases: [
    {
      inputs: [normal64([6, 3]), normal64([3], "scale"), normal64([3], "bias")],
      attributes: { epsilon: 1e-5 },
    },
    {
      inputs: [normal64([17, 1]), normal64([1], "scale"), normal64([1], "bias")],
      attributes: { epsilon: 1e-3 },
    },
  ],
};

/** The normalised rows with the mean and the biased variance of each channel; those two carry no gradient. */
export function batchNormTraining(
  x: Value,
  scale: Value,
  bias: Value,
  epsilon: number,
): { y: Value; mean: Value; variance: Value } {
  const [y, mean, variance] = x.graph.apply(BatchNormTraining, [x, scale, bias], { epsilon });
  return { y, mean, variance };
}
