/** Checks of layers' numbers and sizes; errors name the layer or its stages. */

import { GraphError } from "../util/errors.ts";
import { extentsOf, type Feature, type FeatureMap } from "./features.ts";

/** @throws GraphError for a number that is not a positive integer. */
export function checkPositive(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(numbers))
    if (!Number.isInteger(value) || value < 1)
      throw new GraphError(`${name}: ${what} is ${value}: must be a whole number from 1`);
}

/** @throws GraphError for an epsilon that is negative or not finite. */
export function checkEpsilon(name: string, epsilon: number): void {
  if (!(epsilon >= 0 && epsilon < Number.POSITIVE_INFINITY))
    throw new GraphError(`${name}: epsilon is ${epsilon}: must be a number from 0`);
}

/** @throws GraphError for a share outside [0, 1]. */
export function checkShare(name: string, what: string, share: number): void {
  if (!(share >= 0 && share <= 1))
    throw new GraphError(`${name}: ${what} is ${share}: must be a number from 0 to 1`);
}

/** @throws GraphError for a probability outside [0, 1); 1 would drop everything. */
export function checkProbability(name: string, what: string, probability: number): void {
  if (!(probability >= 0 && probability < 1))
    throw new GraphError(`${name}: ${what} is ${probability}: must be a number from 0 to below 1`);
}

/** @throws GraphError for features of different sizes, which some layouts would broadcast. */
export function checkSum(stages: readonly string[], a: Feature, b: Feature): void {
  const [one, other] = [sizeText(a), sizeText(b)];
  if (one !== other)
    throw new GraphError(`${stages.join(", ")}: features of ${one} and ${other} cannot be added`);
}

/** @throws GraphError for a gate with neither one number per channel nor one per pixel. */
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

/** Formats the extents of one image's features: `64 × 7 × 7`. */
function sizeText(x: Feature): string {
  return extentsOf(x).join(" × ");
}
