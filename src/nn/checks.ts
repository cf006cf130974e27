/** Numbers and sizes that layers do not have, refused by the name of the layer or of its stages. */

import { GraphError } from "../util/errors.ts";
import { extentsOf, type Feature, type FeatureMap } from "./features.ts";

/** @throws GraphError for a number that is no whole one from 1. */
export function checkPositive(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(numbers))
    if (!Number.isInteger(value) || value < 1)
      throw new GraphError(`${name}: ${what} is ${value}: must be a whole number from 1`);
}

/** @throws GraphError for an epsilon whose root there is not. */
export function checkEpsilon(name: string, epsilon: number): void {
  if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY))
    throw new GraphError(`${name}: epsilon is ${epsilon}: must be a number from 0`);
}

/** @throws GraphError for a share that is not from 0 to 1. */
export function checkShare(name: string, what: string, share: number): void {
  if (!(share >= 0 && share <= 1))
    throw new GraphError(`${name}: ${what} is ${share}: must be a number from 0 to 1`);
}

/** @throws GraphError for a probability that leaves out everything, or that there is not. */
export function checkProbability(name: string, what: string, probability: number): void {
  if (!(probability >= 0 && probability < 1))
    throw new GraphError(`${name}: ${what} is ${probability}: must be a number from 0 to below 1`);
}

/** @throws GraphError for features of different sizes, which broadcasting would add in some layouts. */
export function checkSum(stages: readonly string[], a: Feature, b: Feature): void {
  const [one, other] = [sizeText(a), sizeText(b)];
  if (one !== other)
    throw new GraphError(`${stages.join(", ")}: features of ${one} and ${other} cannot be added`);
}

/** @throws GraphError for a gate that has neither one number for each channel nor one for each pixel. */
export function checkGate(stages: readonly string[], x: FeatureMap, gate: FeatureMap): void {
  const fitting = [
    { ...x, height: 1, width: 1 },
    { ...x, channels: 1 },
  ].map(sizeText);
  if (!fitting.includes(sizeText(gate)))
    throw new GraphError(
      `${stages.join(", ")}: features of ${sizeText(x)} cannot be scaled by ${sizeText(gate)}`,
    );
}

/** The extents of one image's features: `64 × 7 × 7`. */
function sizeText(x: Feature): string {
  return extentsOf(x).join(" × ");
}
