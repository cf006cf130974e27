/** Compares how examples look: which are nearly the same image, and whether a class shows more than one pose. */

import { alignedCorrelation } from "../../../src/audit/align.ts";
import { findNearDuplicates, SAME } from "../../../src/audit/near-duplicates.ts";
import { BITS, wholePicture } from "../../../src/data/perceptual-hash.ts";

/**
 * Groups of indices of thumbnails that look the same, by the audit's hash and correlation. The audit subtracts the mean of all
 * images before hashing; with few images, or with one face, that would leave only noise.
 */
export function alikeAmong(
  thumbnails: readonly Uint8Array[],
  onProgress?: (done: number, all: number) => void,
): readonly (readonly number[])[] {
  return findNearDuplicates(thumbnails, { mean: new Float64Array(BITS), ...(onProgress && { onProgress }) });
}

/** Number of examples of a class that are compared: spread evenly over all of them. */
const COMPARED = 24;
/** With fewer examples there is no warning. */
const FEWEST = 10;
/** A class with fewer different images gets a warning. */
const FEWEST_LOOKS = 3;

/** Whether the examples of a class are nearly one image: one pose, one light. Thumbnails are in chronological order. */
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
