/** Every corruption, group by group. */

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
 * The image called `id` spoilt at a severity from 1 to 5. The draw depends on the corruption and on `id` alone: neither
 * on the order of images nor on what else is measured.
 */
export async function corrupted(
  corruption: Corruption,
  picture: Picture,
  severity: number,
  id: string,
): Promise<Picture> {
  const value = corruption.values[severity - 1];
  if (value === undefined) throw new RangeError(`severity ${severity} of 1 to ${SEVERITIES}`);
  return corruption.apply(picture, value, random("corruption", corruption.name, id));
}
