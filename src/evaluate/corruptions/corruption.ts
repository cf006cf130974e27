/** The type of a corruption: a pure function that degrades an image in a way that occurs in practice. */

import type { Picture } from "../../data/dataset.ts";
import type { Random } from "../../util/random.ts";

export const corruptionGroups = ["light", "orientation", "occlusion", "image quality"] as const;
export type CorruptionGroup = (typeof corruptionGroups)[number];

/** Severities from 1 to 5. */
export const SEVERITIES = 5;
export type Severities = readonly [number, number, number, number, number];

export interface Corruption {
  readonly name: string;
  /** Name in charts and tables. */
  readonly title: string;
  readonly group: CorruptionGroup;
  /** Meaning of `values`. Shares of the side refer to the image's shorter side. */
  readonly parameter: string;
  /** The parameter at severities 1 to 5. */
  readonly values: Severities;
  /**
   * Returns the corrupted image, of the same width and height. Random draws must not depend on `value`, so that an
   * image is corrupted in the same way at every severity, only more strongly.
   */
  apply(picture: Picture, value: number, rng: Random): Picture | Promise<Picture>;
}

/** Rounds and clips a number to a byte. */
export function byte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
}

/** Maps every value through `f`, which also receives the column and row of its pixel and its channel. */
export function mapPixels(
  picture: Picture,
  f: (value: number, x: number, y: number, channel: number) => number,
): Picture {
  const { pixels, width, height, channels } = picture;
  const out = new Uint8Array(pixels.length);
  let i = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, i++) out[i] = byte(f(pixels[i] as number, x, y, c));
  return { pixels: out, width, height, channels };
}

/** Returns the image's mean per channel. */
export function meanColour({ pixels, channels }: Picture): number[] {
  const sums = new Array<number>(channels).fill(0);
  for (let i = 0; i < pixels.length; i++)
    sums[i % channels] = (sums[i % channels] as number) + (pixels[i] as number);
  return sums.map((sum) => (sum * channels) / pixels.length);
}

export function shorterSide({ width, height }: Picture): number {
  return Math.min(width, height);
}
