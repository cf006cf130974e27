/** The lowering of grouped convolutions for training. */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { groupedConv as grouped } from "../ops/grouped-conv.ts";
import { mul } from "../ops/mul.ts";
import { reshape } from "../ops/reshape.ts";
import { outputSize } from "../ops/window.ts";
import { affine, batchNorm, type NormPolicy } from "./batch-norm.ts";
import { biasOf, type FullConvOptions, weightShape } from "./conv-options.ts";
import { type FeatureMap, windowOver } from "./features.ts";
import type { Parameters } from "./parameters.ts";

/** Convolves rows in groups of several channels each. */
export function groupedConv(
  parameters: Parameters,
  x: FeatureMap,
  options: FullConvOptions,
  policy: NormPolicy,
): FeatureMap {
  const { name, out, norm, initialise, groups } = options;
  const window = windowOver(x, options);
  const [height, width] = outputSize(window);
  const result = (value: Value): FeatureMap => ({ ...x, value, channels: out, height, width });
  const shape = weightShape(options, x.channels);
  const spec = { name: `${name}.weight`, shape, initialise, role: "parameter" } as const;
  const weight = parameters.exact(spec);
  const compute = (value: Value): Value => cast(value, parameters.compute);
  const convolved = (w: Value, bias?: Value): Value => grouped(x.value, w, bias, groups, window);
  if (!norm) return result(convolved(compute(weight), biasOf(parameters, options)));
  if (policy !== "running")
    return result(compute(batchNorm(parameters, convolved(compute(weight)), norm, policy)));
  const { factor, shift } = affine(parameters, norm, out);
  return result(convolved(compute(mul(weight, reshape(factor, [out, 1, 1, 1]))), compute(shift)));
}
