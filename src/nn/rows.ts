/**
 * The lowering for training, and for convolutions that are faster with Winograd's products: maps are rows of pixels and
 * a convolution is a matrix product. With running statistics, batch norm is a scale per channel that the graph folds
 * into the weight, W' = W·γ/σ: its gradients are exact and it costs nothing per pixel.
 */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import { rowConv } from "../ops/row-conv.ts";
import { rowMaxPool } from "../ops/row-max-pool.ts";
import { outputSize } from "../ops/window.ts";
import { winogradGains } from "../ops/winograd.ts";
import { affine, batchNorm, type NormPolicy } from "./batch-norm.ts";
import { biasOf, type FullConvOptions, type FullPoolOptions, weightShape } from "./conv-options.ts";
import { type FeatureMap, windowOver } from "./features.ts";
import type { ParameterSpec, Parameters } from "./parameters.ts";

export function rowsConv(
  parameters: Parameters,
  x: FeatureMap,
  options: FullConvOptions,
  policy: NormPolicy,
): FeatureMap {
  const { name, out, kernel, norm, initialise } = options;
  const window = windowOver(x, options);
  const [height, width] = outputSize(window);
  const result = (value: Value): FeatureMap => ({ ...x, value, channels: out, height, width });

  const spec: ParameterSpec = {
    name: `${name}.weight`,
    shape: weightShape(options, x.channels),
    initialise,
    role: "parameter",
  };
  // PyTorch's [O, C, K, K] becomes [K·K·C, O], ordered by tap like the columns of Im2Col.
  const form = { permutation: [2, 3, 1, 0], shape: [kernel ** 2 * x.channels, out] };
  const weight = parameters.exact(spec, form);
  const compute = (value: Value): Value => cast(value, parameters.compute);
  if (!norm) return result(rowConv(x.value, compute(weight), biasOf(parameters, options), window));
  // The scale of a weight that trains is recomputed in each step: if there are fewer pixels than rows of the weight,
  // scaling the result is cheaper.
  const [rows, taps] = [window.batch * height * width, kernel ** 2 * x.channels];
  const afterwards = policy !== "running" || (parameters.trains(spec.name) && rows < taps);
  if (afterwards) {
    const y = rowConv(x.value, compute(weight), undefined, window);
    return result(compute(batchNorm(parameters, y, norm, policy)));
  }
  const { factor, shift } = affine(parameters, norm, out);
  return result(rowConv(x.value, compute(mul(weight, factor)), compute(shift), window));
}

export function rowsMaxPool(x: FeatureMap, options: FullPoolOptions): FeatureMap {
  const window = windowOver(x, { ...options, after: options.padding });
  const [height, width] = outputSize(window);
  return { ...x, value: rowMaxPool(x.value, window), height, width };
}

/** Returns whether a convolution with constant weights is faster over rows, by Winograd's products. */
export function rowsGain(x: FeatureMap, options: FullConvOptions): boolean {
  return (
    typeof x.batch === "number" &&
    options.groups === 1 &&
    winogradGains(x.value, options.out, windowOver(x, options), true)
  );
}
