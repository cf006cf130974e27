/** Numeric keys of how images look. A set of keys shows whether an image, or a near copy of it, is in the set. */

import { random } from "../util/random.ts";
import type { Picture } from "./dataset.ts";
import { BITS, hashOf, transform, WORDS, wholePicture } from "./perceptual-hash.ts";
import type { Pixels } from "./pixels.ts";
import { greyOf, thumbnail } from "./thumbnail.ts";

/** Bits of a key, which is a whole number. */
export const KEY_BITS = 40;

/**
 * Number of least certain bits that a lookup tries with both values: recompressing or resizing flips the bits whose frequency
 * is nearest to 0. docs/how-to/choose-weights.md lists what this finds.
 */
const UNSURE_BITS = 8;

const LOW = 2 ** 32;
const frequencies = transform([wholePicture]);

/** A fixed random key per bit of the perceptual hash; the key of an image is the exclusive or of the keys of its set bits. */
const bitKeys = Array.from({ length: BITS }, (_, bit) => {
  const rng = random("image keys", bit);
  return { high: rng.integer(2 ** (KEY_BITS - 32)), low: rng.integer(LOW) };
});

/** An image's key, and the frequencies that it was computed from. */
export interface ImageLook {
  readonly key: number;
  readonly values: Float32Array;
}

/** Returns the key of an image, for a set; undefined for an image without structure. */
export function imageKey(picture: Picture): number | undefined {
  return lookOf(picture)?.key;
}

/** Yields the keys of images one at a time; images without structure have none. */
export function* keysOf(pixels: Pixels): Generator<number> {
  for (let i = 0; i < pixels.samples.length; i++) {
    const key = imageKey(pixels.get(i));
    if (key !== undefined) yield key;
  }
}

/**
 * Returns all keys under which a set may contain the image: its own, then those with some of its least certain bits
 * flipped.
 */
export function keysToLookUp(picture: Picture): number[] {
  const look = lookOf(picture);
  return look ? keysAround(look) : [];
}

/** Like `keysToLookUp`, for an image that is no longer available. */
export function keysAround({ key, values }: ImageLook): number[] {
  const unsure = [...values.keys()]
    .sort((a, b) => Math.abs(values[a] as number) - Math.abs(values[b] as number))
    .slice(0, UNSURE_BITS);
  const keys = [key];
  for (const bit of unsure) for (const known of [...keys]) keys.push(turned(known, bit));
  return keys;
}

/** Returns the image's frequencies; undefined for an image without structure. */
export function lookOf(picture: Picture): ImageLook | undefined {
  const values = frequencies(thumbnail(greyOf(picture)))[0] as Float32Array;
  if (values.every((value) => value === 0)) return undefined;
  const hash = hashOf(values);
  let key = 0;
  for (let bit = 0; bit < BITS; bit++)
    if (((hash[bit % WORDS] as number) >>> Math.floor(bit / WORDS)) & 1) key = turned(key, bit);
  return { key, values };
}

function turned(key: number, bit: number): number {
  const { high, low } = bitKeys[bit] as (typeof bitKeys)[number];
  return (Math.floor(key / LOW) ^ high) * LOW + (((key % LOW) ^ low) >>> 0);
}
