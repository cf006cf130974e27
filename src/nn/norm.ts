/** Batch norm's tensors and constants, as PyTorch has them. */

import { ones, zeros } from "./initialise.ts";
import type { ParameterSpec } from "./parameters.ts";

/** PyTorch's `eps`. */
export const EPSILON = 1e-5;
/** PyTorch's `momentum`: the share of a new batch in the running statistics. */
export const MOMENTUM = 0.1;

/** Scale γ, shift β, running mean and running variance of the batch norm `name`, in this order. */
export function normSpecs(
  name: string,
  channels: number,
): readonly [scale: ParameterSpec, shift: ParameterSpec, mean: ParameterSpec, variance: ParameterSpec] {
  const shape = [channels];
  return [
    { name: `${name}.weight`, shape, initialise: ones, role: "parameter" },
    { name: `${name}.bias`, shape, initialise: zeros, role: "parameter" },
    { name: `${name}.running_mean`, shape, initialise: zeros, role: "statistic" },
    { name: `${name}.running_var`, shape, initialise: ones, role: "statistic" },
  ];
}
