/**
 * A file's record of the images that its classifier was trained on: compact keys of their appearance (`data/image-keys.ts`), so
 * that known images are not mistaken for new ones.
 */

import { z } from "zod";
import { decodeNumbers, encodeNumbers } from "../util/number-set.ts";

const base64 = z.base64();

export const trainingImagesSchema = z.object({
  format: z.literal(1),
  /** Keys of the images in its own training, in base64. */
  own: base64.optional(),
  /** Keys of the images on which its starting weights were trained, in base64. */
  before: base64.optional(),
  /**
   * Sets that ship with vultus, by the name of their file in `models/`: the images on which the shipped model was trained, if this
   * is that model or was trained from it.
   */
  sets: z.array(z.string()).default([]),
  /** False if its starting weights do not record their training images. */
  complete: z.boolean(),
});

export type TrainingImagesRecord = z.infer<typeof trainingImagesSchema>;

/** The record of random weights. */
export const noImages: TrainingImagesRecord = { format: 1, sets: [], complete: true };
/** The record of weights that do not state their training images. */
export const unknownImages: TrainingImagesRecord = { format: 1, sets: [], complete: false };

/** Returns the record of a training that starts from weights with the record `start` and sees images with these keys. */
export function recordOf(start: TrainingImagesRecord, keys: Iterable<number>): TrainingImagesRecord {
  const { sets, complete } = start;
  const before = inheritedBy(start);
  return {
    format: 1,
    own: toBase64(encodeNumbers(keys)),
    ...(before.size > 0 && { before: toBase64(encodeNumbers(before)) }),
    sets,
    complete,
  };
}

/** Returns the keys that a training inherits from weights with this record, without those of sets that ship with vultus. */
function inheritedBy({ own, before }: TrainingImagesRecord): Set<number> {
  return new Set([...keysIn(own), ...keysIn(before)]);
}

/** Returns the keys in an entry of a record. @throws FormatError. */
export function keysIn(text: string | undefined): number[] {
  return text === undefined ? [] : decodeNumbers(fromBase64(text), "the record of training images");
}

// No Buffer: files are read in browsers too.
function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
