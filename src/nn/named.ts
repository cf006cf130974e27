/**
 * The lowering for exported files: NCHW `Conv` and `BatchNormalization` as separate operators, with every tensor under
 * its canonical name. Nothing is folded, so a reader finds the weights as trained; a runtime folds them.
 */

import type { Value } from "../graph/types.ts";
import { batchNormalization } from "../ops/batch-normalization.ts";
import { conv } from "../ops/conv.ts";
import { biasOf, type FullConvOptions, weightShape } from "./conv-options.ts";
import type { FeatureMap } from "./features.ts";
import { type Norm, normSpecs } from "./norm.ts";
import type { Parameters } from "./parameters.ts";

export function namedConv(parameters: Parameters, x: FeatureMap, options: FullConvOptions): FeatureMap {
  const { name, out, stride, padding, after, groups, norm, initialise } = options;
  const shape = weightShape(options, x.channels);
  const weight = parameters.exact({ name: `${name}.weight`, shape, initialise, role: "parameter" });
  const y = conv(x.value, weight, biasOf(parameters, options), stride, padding, groups, after);
  const value = norm ? namedBatchNorm(parameters, y, norm) : y;
  const [, , height, width] = value.shape as [number, number, number, number];
  return { ...x, value, channels: out, height, width };
}

/** Applies batch norm over the channels of [N, C, …] by its running statistics. */
export function namedBatchNorm(parameters: Parameters, x: Value, norm: Norm): Value {
  const [scale, shift, mean, variance] = normSpecs(norm, x.shape[1] as number);
  const perChannel = [
    parameters.exact(scale),
    parameters.exact(shift),
    parameters.exact(mean),
    parameters.exact(variance),
  ] as const;
  return batchNormalization(x, perChannel, norm.epsilon);
}
