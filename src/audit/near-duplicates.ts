/**
 * Finds images that look the same even if one is mirrored, slightly cropped or shifted, recompressed, brighter or
 * darker.
 */

import {
  BITS,
  hashOf,
  meanFrequencies,
  mirrorMask,
  transform,
  type Window,
  WORDS,
  wholePicture,
} from "../data/perceptual-hash.ts";
import { disjointSets } from "../util/disjoint-sets.ts";
import { alignedCorrelation } from "./align.ts";
import { indexHashes } from "./hash-index.ts";

/**
 * Maximum number of differing bits between a copy's hash and the hash of its nearest window. Unrelated images differ in
 * 31 bits on average.
 */
const RADIUS = 14;
/**
 * Minimum correlation of near-duplicates. On FER2013, 99 % of cropped copies reach 0.95; other kinds of copies
 * correlate more. Of the 48 natural pairs between 0.945 and 0.95, about a quarter show different people, judged by eye;
 * above 0.96 hardly any do.
 */
export const SAME = 0.945;

/**
 * The windows that each image is queried with: the whole image, every combination of edges cropped by 0.5 and 2.5 of 48
 * pixels, and the whole image shifted by 2 pixels in eight directions. A copy that is cropped or shifted by up to 3
 * pixels is close to one of them, so few bits of its hash differ.
 */
const cuts = [0.5 / 48, 2.5 / 48];
const moves = [-2 / 48, 0, 2 / 48];
const windows: readonly Window[] = [
  ...cuts.flatMap((left) =>
    cuts.flatMap((right) => cuts.flatMap((top) => cuts.map((bottom) => ({ left, right, top, bottom })))),
  ),
  ...moves.flatMap((x) => moves.map((y) => ({ left: x, right: -x, top: y, bottom: -y }))),
];

export interface NearDuplicateOptions {
  readonly onProgress?: (done: number, total: number) => void;
  /** Frequencies common to all images, subtracted before hashing. Default: the mean of these images. */
  readonly mean?: Float64Array;
}

/**
 * Returns groups of positions in the list of thumbnails, linked by any chain of near-duplicates. The cost grows almost
 * linearly with the number of images; see `bench/audit.ts`.
 */
export function findNearDuplicates(
  thumbnails: readonly Uint8Array[],
  { onProgress = () => {}, mean: known }: NearDuplicateOptions = {},
): readonly (readonly number[])[] {
  const whole = transform([wholePicture]);
  const frequencies = thumbnails.map((thumbnail) => whole(thumbnail)[0] as Float32Array);
  const mean = known ?? meanFrequencies(frequencies);
  const hashes = new Uint32Array(WORDS * thumbnails.length);
  for (const [i, values] of frequencies.entries()) hashes.set(hashOf(centre(values, mean)), WORDS * i);

  const index = indexHashes(hashes);
  const variants = transform(windows);
  const sets = disjointSets(thumbnails.length);
  for (const [i, thumbnail] of thumbnails.entries()) {
    for (const [w, values] of variants(thumbnail).entries()) {
      const window = windows[w] as Window;
      const hash = hashOf(centre(values, mean));
      const mirror = hash.map((word, k) => word ^ (mirrorMask[k] as number));
      for (const mirrored of [false, true]) {
        for (const j of index.near(mirrored ? mirror : hash, values, RADIUS)) {
          // A thousand frames of one film form half a million pairs, but only the group matters.
          if (sets.areJoined(i, j)) continue;
          const other = thumbnails[j] as Uint8Array;
          const correlation = alignedCorrelation(thumbnail, other, { window, mirrored });
          if (correlation >= SAME) sets.join(i, j);
        }
      }
    }
    onProgress(i + 1, thumbnails.length);
  }
  return sets.groups();
}

/** Subtracts the mean, in place. */
function centre(values: Float32Array, mean: Float64Array): Float32Array {
  for (let bit = 0; bit < BITS; bit++) values[bit] = (values[bit] as number) - (mean[bit] as number);
  return values;
}
