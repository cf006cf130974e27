/** Compares how examples look: which are nearly the same image, and whether a class shows more than one pose. */

import { alignedCorrelation } from "../../../src/audit/align.ts";
import { findNearDuplicates, SAME } from "../../../src/audit/near-duplicates.ts";
import { BITS, wholePicture } from "../../../src/data/perceptual-hash.ts";

/**
 * Groups of positions in the list of thumbnails that look the same, by the audit's hash and correlation. The audit takes the mean of
 * all images off before it hashes; of a few images, or of one face, that would leave nothing but noise.
 */
export function alikeAmong(
  thumbnails: readonly Uint8Array[],
  onProgress?: (done: number, all: number) => void,
): readonly (readonly number[])[] {
  return findNearDuplicates(thumbnails, { mean: new Float64Array(BITS), ...(onProgress && { onProgress }) });
}

/** Examples of a class that are compared: spread evenly over all of them. */
const COMPARED = 24;
/** With fewer examples there is no warning. */
const FEWEST = 10;
/** A class that shows fewer different images is warned of. */
const FEWEST_LOOKS = 3;

/** Whether the examples of a class are nearly one image: one pose, one light. Thumbnails in the order of time. */
export function lookAlike(thumbnails: readonly Uint8Array[]): boolean {
  if (thumbnails.length < FEWEST) return false;
  const step = Math.max(1, thumbnails.length / COMPARED);
  const looks: Uint8Array[] = [];
  for (let i = 0; i < thumbnails.length; i += step) {
    const thumbnail = thumbnails[Math.floor(i)] as Uint8Array;
    if (looks.some((look) => isSame(look, thumbnail))) continue;
    looks.push(thumbnail);
    if (looks.length === FEWEST_LOOKS) return false;
  }
  return true;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return alignedCorrelation(a, b, { window: wholePicture, mirrored: false }) >= SAME;
}
