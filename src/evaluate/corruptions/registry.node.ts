/** The list of all corruptions, by group. */

import type { Picture } from "../../data/dataset.ts";
import { random } from "../../util/random.ts";
import { type Corruption, SEVERITIES } from "./corruption.ts";
import { encodingCorruptions } from "./encoding.node.ts";
import { lightCorruptions } from "./light.ts";
import { occlusionCorruptions } from "./occlusion.ts";
import { orientationCorruptions } from "./orientation.ts";
import { qualityCorruptions } from "./quality.ts";

export const corruptions: readonly Corruption[] = [
  ...lightCorruptions,
  ...orientationCorruptions,
  ...occlusionCorruptions,
  ...qualityCorruptions,
  ...encodingCorruptions,
];

/**
 * Returns the image with the given `id`, corrupted at a severity from 1 to 5. The random draw depends only on the
 * corruption and on `id`, not on the order of images or on other measurements.
 */
export async function corrupted(
  corruption: Corruption,
  picture: Picture,
  severity: number,
  id: string,
): Promise<Picture> {
  const value = corruption.values[severity - 1];
  if (value === undefined)
    throw new RangeError(`severity ${severity} is not an integer from 1 to ${SEVERITIES}`);
  return corruption.apply(picture, value, random("corruption", corruption.name, id));
}
