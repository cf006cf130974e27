/**
 * The lowering for what trains, and for what gains by Winograd's products: maps are rows of pixels and a convolution is a
 * matrix product. With running statistics batch norm is a scale per channel, which is folded into the weight in the graph,
 * W' = W·γ/σ: its gradients are exact and it costs nothing per pixel.
 */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { batchNormTraining } from "../ops/batch-norm-training.ts";
import { cast } from "../ops/cast.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { rowConv } from "../ops/row-conv.ts";
import { rowMaxPool } from "../ops/row-max-pool.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";
import { outputSize, type Window } from "../ops/window.ts";
import { winogradGains } from "../ops/winograd.ts";
import type { FeatureMap } from "./features.ts";
import type { FullConvOptions, FullPoolOptions } from "./folded.ts";
import { zeros } from "./initialise.ts";
import { EPSILON, MOMENTUM, normSpecs } from "./norm.ts";
import type { ParameterSpec, Parameters } from "./parameters.ts";

/** Which statistics a batch norm uses. */
export type NormPolicy = "running" | "batch";

export function rowsConv(
  parameters: Parameters,
  x: FeatureMap,
  options: FullConvOptions,
  policy: NormPolicy,
): FeatureMap {
  const { name, out, kernel, norm, initialise } = options;
  const window = windowOf(x, options, false);
  const [height, width] = outputSize(window);
  const result = (value: Value): FeatureMap => ({ ...x, value, channels: out, height, width });

  const spec: ParameterSpec = {
    name: `${name}.weight`,
    shape: [out, x.channels, kernel, kernel],
    initialise,
    role: "parameter",
  };
  // PyTorch's [O, C, K, K] becomes [K·K·C, O]: tap by tap, as Im2Col lays its columns out.
  const form = { permutation: [2, 3, 1, 0], shape: [kernel ** 2 * x.channels, out] };
  const weight = parameters.exact(spec, form);
  const compute = (value: Value): Value => cast(value, parameters.compute);
  if (!norm) {
    const bias = parameters.value({
      name: `${name}.bias`,
      shape: [out],
      initialise: zeros,
      role: "parameter",
    });
    return result(rowConv(x.value, compute(weight), bias, window));
  }
  // The scale of a weight that trains is computed anew in each step: where there are fewer pixels than rows of the weight
  // it costs less on the result.
  const [rows, taps] = [window.batch * height * width, kernel ** 2 * x.channels];
  const afterwards = policy === "batch" || (parameters.trains(spec.name) && rows < taps);
  if (afterwards) {
    const y = rowConv(x.value, compute(weight), undefined, window);
    return result(compute(batchNormRows(parameters, y, norm, policy)));
  }
  const { factor, shift } = affine(parameters, norm, out);
  return result(rowConv(x.value, compute(mul(weight, factor)), compute(shift), window));
}

export function rowsMaxPool(x: FeatureMap, options: FullPoolOptions): FeatureMap {
  const window = windowOf(x, options, options.ceil);
  const [height, width] = outputSize(window);
  return { ...x, value: rowMaxPool(x.value, window), height, width };
}

/** Batch norm over the columns of [R, C], in float32 whatever the network computes in. */
export function batchNormRows(parameters: Parameters, x: Value, norm: string, policy: NormPolicy): Value {
  const channels = x.shape[1] as number;
  const input = cast(x, "float32");
  if (policy === "running") {
    const { factor, shift } = affine(parameters, norm, channels);
    return add(mul(input, factor), shift);
  }
  const [scale, bias, mean, variance] = normSpecs(norm, channels).map((spec) =>
    parameters.exact(spec),
  ) as Four;
  const batch = batchNormTraining(input, scale, bias, EPSILON);
  const rows = x.shape[0] as number;
  // PyTorch normalises by the biased variance but keeps the unbiased one; one row alone has none to give.
  const unbiased = mul(batch.variance, rows / Math.max(rows - 1, 1));
  parameters.update(`${norm}.running_mean`, add(mul(mean, 1 - MOMENTUM), mul(batch.mean, MOMENTUM)));
  parameters.update(`${norm}.running_var`, add(mul(variance, 1 - MOMENTUM), mul(unbiased, MOMENTUM)));
  return batch.y;
}

type Four = [Value, Value, Value, Value];

/** γ/σ and β − μ·γ/σ. */
function affine(parameters: Parameters, norm: string, channels: number): { factor: Value; shift: Value } {
  const [scale, bias, mean, variance] = normSpecs(norm, channels).map((spec) =>
    parameters.exact(spec),
  ) as Four;
  const factor = div(scale, sqrt(add(variance, EPSILON)));
  return { factor, shift: sub(bias, mul(mean, factor)) };
}

/** Whether a convolution whose weights are constants is faster over rows, by Winograd's products. */
export function rowsGain(x: FeatureMap, options: FullConvOptions): boolean {
  return (
    typeof x.batch === "number" && winogradGains(x.value, options.out, windowOf(x, options, false), true)
  );
}

function windowOf(
  x: FeatureMap,
  { kernel, stride, padding }: Pick<FullPoolOptions, "kernel" | "stride" | "padding">,
  ceil: boolean,
): Window {
  return {
    batch: x.batch as number,
    height: x.height,
    width: x.width,
    kernel,
    stride,
    padding,
    ceil: ceil ? 1 : 0,
  };
}
