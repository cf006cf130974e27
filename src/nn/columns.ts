/**
 * The lowering for what trains beside depthwise convolutions: maps are columns of pixels, one row a channel, in either order. A 1×1
 * convolution is a matrix product here as it is over rows, and a depthwise one finds the maps of each channel together, which
 * over rows would have to be turned around before and after, forward and backward.
 */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { depthwiseConv } from "../ops/depthwise-conv.ts";
import { gemm } from "../ops/gemm.ts";
import { mul } from "../ops/mul.ts";
import { outputSize } from "../ops/window.ts";
import { affine, batchNorm, type NormPolicy, perChannel } from "./batch-norm.ts";
import { biasOf, type FullConvOptions, isDepthwise, weightShape } from "./conv-options.ts";
import { blockOf, type FeatureMap, windowOver } from "./features.ts";
import type { Parameters } from "./parameters.ts";

/** Whether a convolution needs no other layout than columns: it is depthwise, or sees one pixel at a time. */
export function columnsFit(options: FullConvOptions, channels: number): boolean {
  const { kernel, stride, groups } = options;
  return isDepthwise(options, channels) || (kernel === 1 && stride === 1 && groups === 1);
}

/** A depthwise or 1×1 convolution of columns. */
export function columnsConv(
  parameters: Parameters,
  x: FeatureMap,
  options: FullConvOptions,
  policy: NormPolicy,
): FeatureMap {
  const { name, out, norm, initialise, kernel } = options;
  const window = windowOver(x, options);
  const [height, width] = outputSize(window);
  const result = (value: Value): FeatureMap => ({ ...x, value, channels: out, height, width });
  const depthwise = isDepthwise(options, x.channels);
  const shape = weightShape(options, x.channels);
  const spec = { name: `${name}.weight`, shape, initialise, role: "parameter" } as const;
  const form = { permutation: [0, 1, 2, 3], shape: [out, depthwise ? kernel ** 2 : x.channels] };
  const weight = parameters.exact(spec, form);
  const compute = (value: Value): Value => cast(value, parameters.compute);
  const convolved = (w: Value, bias?: Value): Value =>
    depthwise
      ? depthwiseConv(x.value, w, bias, x.layout === "blocks" ? { ...window, block: blockOf(x) } : window)
      : gemm(w, x.value, { bias: bias && perChannel(bias, 0) });

  if (!norm) return result(convolved(compute(weight), biasOf(parameters, options)));
  if (policy === "batch")
    return result(compute(batchNorm(parameters, convolved(compute(weight)), norm, policy, 0)));
  const { factor, shift } = affine(parameters, norm, out);
  return result(convolved(compute(mul(weight, perChannel(factor, 0))), compute(shift)));
}
