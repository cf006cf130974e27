/**
 * The lowering for layers that are not trained: NCHW `Conv` with constant weights and batch norm folded into them, W' =
 * W·γ/σ and b' = β − μ·γ/σ, so that ONNX Runtime can use its blocked kernels.
 */

import { conv } from "../ops/conv.ts";
import { maxPool } from "../ops/max-pool.ts";
import { biasSpec, type FullConvOptions, type FullPoolOptions, weightShape } from "./conv-options.ts";
import type { FeatureMap } from "./features.ts";
import { type Norm, normSpecs } from "./norm.ts";
import type { Parameters } from "./parameters.ts";

export function foldedConv(parameters: Parameters, x: FeatureMap, options: FullConvOptions): FeatureMap {
  const { name, out, kernel, stride, padding, after, groups, norm, initialise } = options;
  const shape = weightShape(options, x.channels);
  const weight = parameters.numbers({ name: `${name}.weight`, shape, initialise, role: "parameter" });
  const folded = norm
    ? fold(parameters, weight, norm, out)
    : {
        weight,
        bias: options.bias ? parameters.numbers(biasSpec(options)) : new Float32Array(out),
      };
  const w = parameters.computeConstant(folded.weight, shape);
  const b = parameters.computeConstant(folded.bias, [out]);
  // ONNX Runtime's kernel for 1×1 windows moves pixel by pixel, so the pixels in between are removed first.
  const sparse = kernel === 1 && groups === 1 && padding === 0 && stride > 1;
  const value = sparse
    ? conv(maxPool(x.value, 1, stride, 0, false), w, b, 1, 0)
    : conv(x.value, w, b, stride, padding, groups, after);
  const [, , height, width] = value.shape as [number, number, number, number];
  return { ...x, value, channels: out, height, width };
}

export function foldedMaxPool(x: FeatureMap, { kernel, stride, padding, ceil }: FullPoolOptions): FeatureMap {
  const value = maxPool(x.value, kernel, stride, padding, ceil);
  const [, , height, width] = value.shape as [number, number, number, number];
  return { ...x, value, height, width };
}

function fold(parameters: Parameters, weight: Float32Array, norm: Norm, out: number) {
  const [scale, shift, mean, variance] = normSpecs(norm, out).map((spec) => parameters.numbers(spec)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const folded = new Float32Array(weight.length);
  const bias = new Float32Array(out);
  const per = weight.length / out;
  for (let o = 0; o < out; o++) {
    const factor = (scale[o] as number) / Math.sqrt((variance[o] as number) + norm.epsilon);
    bias[o] = (shift[o] as number) - (mean[o] as number) * factor;
    for (let i = o * per; i < (o + 1) * per; i++) folded[i] = (weight[i] as number) * factor;
  }
  return { weight: folded, bias };
}
