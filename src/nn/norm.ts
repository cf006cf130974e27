/** Batch norm's tensors and constants, as in PyTorch. */

import { checkEpsilon, checkShare } from "./checks.ts";
import { ones, zeros } from "./initialise.ts";
import type { ParameterSpec } from "./parameters.ts";

/** A batch norm by name, with PyTorch's constants unless the network was trained with others. */
export interface NormOptions {
  readonly name: string;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** The weight of a new batch in the running statistics. Default: 0.1. */
  readonly momentum?: number;
}

export type Norm = Required<NormOptions>;

/** @throws GraphError for constants that are invalid for a norm. */
export function normOf(norm: string | NormOptions): Norm {
  const {
    name,
    epsilon = 1e-5,
    momentum = 0.1,
  }: NormOptions = typeof norm === "string" ? { name: norm } : norm;
  checkEpsilon(name, epsilon);
  checkShare(name, "momentum", momentum);
  return { name, epsilon, momentum };
}

/** Returns scale γ, shift β, running mean and running variance of the batch norm `name`, in this order. */
export function normSpecs(
  { name }: Pick<Norm, "name">,
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
