/** Finds images that look the same: mirrored, slightly cropped or shifted, recompressed, brighter or darker. */

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

/** Bits that may differ between a copy's hash and that of the window nearest to it; for unrelated images it is 31. */
const RADIUS = 14;
/**
 * Correlation at which two images count as the same. On FER2013 99 % of cropped copies reach 0.95 and other copies
 * more. Of the 48 natural pairs between 0.945 and 0.95, judged by eye, about a quarter are different people; above 0.96
 * hardly any are.
 */
export const SAME = 0.945;

/**
 * The windows that each image is asked with: the whole, every mix of edges cut by 0.5 and 2.5 of 48 pixels, and the
 * whole moved by 2 pixels in eight directions. A copy cut or moved by 3 pixels or less is then near one of them, and few
 * bits of its hash differ.
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
  /** Frequencies that all images share, which are taken off before hashing. Default: the mean of these images. */
  readonly mean?: Float64Array;
}

/**
 * Groups of positions in the list of thumbnails: what looks the same, by any number of steps. Work grows nearly as the
 * number of images does: see `bench/audit.ts`.
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
          // A thousand frames of one film are half a million pairs, and nobody needs more than the group.
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

/** Takes the mean off, in place. */
function centre(values: Float32Array, mean: Float64Array): Float32Array {
  for (let bit = 0; bit < BITS; bit++) values[bit] = (values[bit] as number) - (mean[bit] as number);
  return values;
}
