/** Images to score that a model knows from its training, or may know, and what to say of them. */

import { keysToLookUp } from "../data/image-keys.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { KnownImages } from "../weights/known-images.node.ts";

/** For each image whether the model knows it. */
export function seenIn(pixels: PixelCache, known: KnownImages): boolean[] {
  if (known.count === 0) return pixels.samples.map(() => false);
  return pixels.samples.map((_, i) => known.has(keysToLookUp(pixels.get(i))));
}

/** What to say of scored images that `model` knows; nothing where there are none. `what` is what they are called. */
export function seenNotes(model: string, isSeen: readonly boolean[], what = "images"): string[] {
  const seen = isSeen.filter(Boolean).length;
  if (seen === 0) return [];
  return [
    `${seen} of the ${isSeen.length} ${what} are training images of ${model}, or near copies of such: scores on them are too high`,
  ];
}

/** What to say where it is not known which images a model was trained on. */
export function unknownNote(model: string, count: number, what = "images"): string {
  return `the training images of ${model} are not known: if some of the ${count} ${what} are among them, scores on them are too high`;
}
