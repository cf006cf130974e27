/** Reports whether a classifier was trained on an image, according to its record. */

import { readBytes } from "../util/files.node.ts";
import { decodeNumbers } from "../util/number-set.ts";
import { shippedImages } from "./shipped.node.ts";
import { keysIn, type TrainingImagesRecord } from "./training-images.ts";

export interface KnownImages {
  /** Returns whether one of these keys, under which an image may be found, belongs to a training image. */
  has(keys: readonly number[]): boolean;
  /** Whether all training images are known; otherwise an image that is not among them may still be one. */
  readonly isComplete: boolean;
  /** The number of training images; near copies count once. */
  readonly count: number;
}

const readSets = new Map<string, readonly number[]>();

/**
 * Returns the images in the record: all, those of its own training, or those on which the starting weights were trained.
 *
 * @throws FormatError for a damaged record, or a damaged file of the package.
 */
export function knownImages(
  record: TrainingImagesRecord,
  which: "all" | "own" | "before" = "all",
): KnownImages {
  const { own, before, sets, complete } = record;
  // Only runs record images of their own: the sets of a model that ships are what it was trained on itself.
  const isShipped = own === undefined;
  const files = ((which === "before" && isShipped) || (which === "own" && !isShipped) ? [] : sets).map(
    shippedImages,
  );
  const known = new Set([
    ...(which === "before" ? [] : keysIn(own)),
    ...(which === "own" ? [] : keysIn(before)),
  ]);
  for (const file of files) if (file !== undefined) for (const key of keysOf(file)) known.add(key);
  return {
    has: (keys) => keys.some((key) => known.has(key)),
    isComplete: complete && files.every((file) => file !== undefined),
    count: known.size,
  };
}

function keysOf(file: string): readonly number[] {
  const keys = readSets.get(file) ?? decodeNumbers(readBytes(file), file);
  readSets.set(file, keys);
  return keys;
}
