/**
 * The lowering for training around depthwise convolutions: maps are columns of pixels, one row per channel, in either
 * order. A 1×1 convolution is a matrix product, as it is over rows. A depthwise one finds the maps of each channel
 * adjacent, whereas rows would have to be transposed before and after, forward and backward.
 */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { depthwiseConv } from "../ops/depthwise-conv.ts";
import { gather } from "../ops/gather.ts";
import { gemm } from "../ops/gemm.ts";
import { mul } from "../ops/mul.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import { outputSize, tapsOfOutputs, type Window } from "../ops/window.ts";
import { withRow } from "../ops/with-row.ts";
import { affine, batchNorm, type NormPolicy, perChannel } from "./batch-norm.ts";
import { biasOf, type FullConvOptions, isDepthwise, weightShape } from "./conv-options.ts";
import { asBlocks, blockOf, type FeatureMap, windowOver } from "./features.ts";
import type { Parameters } from "./parameters.ts";

/** Returns whether a convolution can work on columns: it is depthwise, or sees one pixel at a time. */
export function columnsFit(options: FullConvOptions, channels: number): boolean {
  const { kernel, stride, groups } = options;
  return isDepthwise(options, channels) || (kernel === 1 && stride === 1 && groups === 1);
}

/**
 * Applies a depthwise or 1×1 convolution to columns, or any convolution to images without a gradient; the latter returns blocks.
 */
export function columnsConv(
  parameters: Parameters,
  x: FeatureMap,
  options: FullConvOptions,
  policy: NormPolicy,
): FeatureMap {
  const { name, out, norm, initialise, kernel } = options;
  const window = windowOver(x, options);
  const [height, width] = outputSize(window);
  const layout = x.layout === "nchw" ? "blocks" : x.layout;
  const result = (value: Value): FeatureMap => ({ ...x, layout, value, channels: out, height, width });
  const depthwise = isDepthwise(options, x.channels);
  const shape = weightShape(options, x.channels);
  const spec = { name: `${name}.weight`, shape, initialise, role: "parameter" } as const;
  const form = { permutation: [0, 1, 2, 3], shape: [out, kernel ** 2 * (depthwise ? 1 : x.channels)] };
  const weight = parameters.exact(spec, form);
  const compute = (value: Value): Value => cast(value, parameters.compute);
  const convolved = (w: Value, bias?: Value): Value =>
    depthwise
      ? depthwiseConv(x.value, w, bias, x.layout === "blocks" ? { ...window, block: blockOf(x) } : window)
      : gemm(w, x.layout === "nchw" ? windowsOf(x, window) : x.value, { bias: bias && perChannel(bias, 0) });

  if (!norm) return result(convolved(compute(weight), biasOf(parameters, options)));
  if (policy !== "running")
    return result(compute(batchNorm(parameters, convolved(compute(weight)), norm, policy, 0)));
  const { factor, shift } = affine(parameters, norm, out);
  return result(convolved(compute(mul(weight, perChannel(factor, 0))), compute(shift)));
}

/** Returns the windows over images that fit blocks, as columns in blocks: [C·K·K, N·h·w]. */
function windowsOf(x: FeatureMap, window: Window): Value {
  const { batch, height, width, kernel } = window;
  const [block, taps, pixels] = [blockOf(x), kernel ** 2, height * width];
  const table = tapsOfOutputs(window);
  const outputs = table.length / taps;
  const byTap = table.map((_, i) => table[(i % outputs) * taps + Math.floor(i / outputs)] as number);
  const maps = reshape(asBlocks(x).value, [-1, pixels, block]);
  const under = gather(table.includes(pixels) ? withRow(maps, 0) : maps, byTap, 1);
  const byImages = reshape(under, [x.channels, batch / block, taps, outputs * block]);
  const byTaps = batch === block ? byImages : transpose(byImages, [0, 2, 1, 3]);
  return reshape(byTaps, [x.channels * taps, -1]);
}
