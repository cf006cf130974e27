/** Finds scored images that a model saw, or may have seen, in training, and words the warnings. */

import { keysToLookUp } from "../data/image-keys.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { KnownImages } from "../weights/known-images.node.ts";

/** Returns for each image whether the model saw it in training. */
export function seenIn(pixels: PixelCache, known: KnownImages): boolean[] {
  if (known.count === 0) return pixels.samples.map(() => false);
  return pixels.samples.map((_, i) => known.has(keysToLookUp(pixels.get(i))));
}

/** Warns about scored images that `model` saw in training; empty if there are none. `what` names the images. */
export function seenNotes(model: string, isSeen: readonly boolean[], what = "images"): string[] {
  const seen = isSeen.filter(Boolean).length;
  if (seen === 0) return [];
  return [
    `${seen} of the ${isSeen.length} ${what} are training images of ${model}, or near-duplicates of them: scores on these are too high`,
  ];
}

/** Warns that the training images of a model are unknown. */
export function unknownNote(model: string, count: number, what = "images"): string {
  return `the training images of ${model} are unknown: if any of the ${count} ${what} is among them, the scores are too high`;
}
