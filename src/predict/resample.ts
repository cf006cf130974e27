/** Cuts a rectangle out of a picture and resizes it, antialiased, in one step. */

import type { Picture } from "../data/dataset.ts";
import type { Box } from "./boxes.ts";

/** For each result pixel: the first source pixel that counts, and the weights of it and those after it. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float32Array[];
}

/**
 * The part of `picture` in `box`, which may have fractions and reach over the border, as `width` × `height` pixels. What
 * lies outside repeats the border. The filter is that of the models' own preprocessing: Pillow's bilinear one, a triangle
 * as wide as the reduction.
 */
export function resampled(picture: Picture, box: Box, width: number, height: number): Picture {
  const { channels, pixels, width: sourceWidth } = picture;
  const rows = tapsOf(box.y, box.height, height, picture.height);
  const columns = tapsOf(box.x, box.width, width, picture.width);
  const left = Math.min(...columns.first);
  const right = columns.first.reduce(
    (last, first, i) => Math.max(last, first + (columns.weights[i]?.length ?? 0)),
    0,
  );
  const row = new Float32Array((right - left) * channels);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (const [tap, weight] of (rows.weights[y] as Float32Array).entries()) {
      const start = (((rows.first[y] as number) + tap) * sourceWidth + left) * channels;
      for (let i = 0; i < row.length; i++)
        row[i] = (row[i] as number) + weight * (pixels[start + i] as number);
    }
    for (let x = 0; x < width; x++) {
      const weights = columns.weights[x] as Float32Array;
      const start = ((columns.first[x] as number) - left) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0.5;
        for (let tap = 0; tap < weights.length; tap++)
          sum += (weights[tap] as number) * (row[start + tap * channels + c] as number);
        out[(y * width + x) * channels + c] = sum;
      }
    }
  }
  return { pixels: out, width, height, channels };
}

/** Taps along one side: `length` source pixels from `start` become `count`; the source has `extent` pixels in all. */
function tapsOf(start: number, length: number, count: number, extent: number): Taps {
  const scale = length / count;
  const reach = Math.max(scale, 1);
  const first = new Int32Array(count);
  const weights = Array.from({ length: count }, (_, i) => {
    const centre = start + (i + 0.5) * scale;
    const inside = (pixel: number): number => Math.min(Math.max(pixel, 0), extent - 1);
    const [low, high] = [Math.ceil(centre - reach - 0.5), Math.floor(centre + reach - 0.5)];
    const from = inside(low);
    const taps = new Float32Array(inside(high) - from + 1);
    let total = 0;
    for (let pixel = low; pixel <= high; pixel++) {
      const weight = Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach);
      const tap = inside(pixel) - from;
      taps[tap] = (taps[tap] as number) + weight;
      total += weight;
    }
    first[i] = from;
    return taps.map((weight) => weight / total);
  });
  return { first, weights };
}
