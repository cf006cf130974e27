/** Batch norm for training, over rows of pixels [R, C] and over columns [C, R]. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { batchNormTraining } from "../ops/batch-norm-training.ts";
import { cast } from "../ops/cast.ts";
import { div } from "../ops/div.ts";
import { mul } from "../ops/mul.ts";
import { reshape } from "../ops/reshape.ts";
import { sqrt } from "../ops/sqrt.ts";
import { sub } from "../ops/sub.ts";
import { type Norm, normSpecs } from "./norm.ts";
import type { Parameters } from "./parameters.ts";

/** Which statistics a batch norm uses: `measure` uses the running ones, and replaces them with the batch's after the step. */
export type NormPolicy = "running" | "batch" | "measure";

/** The axis of the channels: 1 for rows, 0 for columns. */
type ChannelAxis = 0 | 1;

/** Returns `x` normalised, in float32 for any compute dtype. */
export function batchNorm(
  parameters: Parameters,
  x: Value,
  norm: Norm,
  policy: NormPolicy,
  axis: ChannelAxis = 1,
): Value {
  const [channels, pixels] = [x.shape[axis], x.shape[1 - axis]] as [number, number];
  const input = cast(x, "float32");
  const byRunning = (): Value => {
    const { factor, shift } = affine(parameters, norm, channels);
    return add(mul(input, perChannel(factor, axis)), perChannel(shift, axis));
  };
  if (policy === "running") return byRunning();
  const [scale, bias, mean, variance] = valuesOf(parameters, norm, channels);
  const batch = batchNormTraining(input, scale, bias, norm.epsilon, axis);
  if (policy === "measure") {
    parameters.update(`${norm.name}.running_mean`, batch.mean);
    parameters.update(`${norm.name}.running_var`, batch.variance);
    return byRunning();
  }
  // PyTorch normalises by the biased variance but stores the unbiased one, which is undefined for a single pixel.
  const unbiased = mul(batch.variance, pixels / Math.max(pixels - 1, 1));
  const moved = (from: Value, to: Value): Value => add(mul(from, 1 - norm.momentum), mul(to, norm.momentum));
  parameters.update(`${norm.name}.running_mean`, moved(mean, batch.mean));
  parameters.update(`${norm.name}.running_var`, moved(variance, unbiased));
  return batch.y;
}

/** Batch norm by running statistics as a scale and a shift per channel: γ/σ and β − μ·γ/σ. */
export function affine(
  parameters: Parameters,
  norm: Norm,
  channels: number,
): { factor: Value; shift: Value } {
  const [scale, bias, mean, variance] = valuesOf(parameters, norm, channels);
  const factor = div(scale, sqrt(add(variance, norm.epsilon)));
  return { factor, shift: sub(bias, mul(mean, factor)) };
}

/** Reshapes per-channel numbers [C] to broadcast over pixels. */
export function perChannel(values: Value, axis: ChannelAxis): Value {
  return axis === 1 ? values : reshape(values, [-1, 1]);
}

function valuesOf(parameters: Parameters, norm: Norm, channels: number): [Value, Value, Value, Value] {
  return normSpecs(norm, channels).map((spec) => parameters.exact(spec)) as [Value, Value, Value, Value];
}
