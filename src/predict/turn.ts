/** Crops a rotated square from an image and makes it upright. */

import type { Picture } from "../data/dataset.ts";
import type { Box } from "./boxes.ts";
import { resampled } from "./resample.ts";

/**
 * Returns the square `box`, rotated clockwise about its centre by `degrees`, as an upright image of `side` pixels. Its
 * surroundings are resized to twice that scale with antialiasing, rotated by bilinear interpolation and resized again,
 * so that the rotation blurs little.
 */
export function turned(picture: Picture, box: Box, side: number, degrees: number): Picture {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  // The upright square that encloses the rotated one.
  const reach = Math.abs(sin) + Math.abs(cos);
  const margin = ((reach - 1) / 2) * box.width;
  const whole = {
    x: box.x - margin,
    y: box.y - margin,
    width: box.width * reach,
    height: box.height * reach,
  };
  const extent = Math.ceil(2 * side * reach);
  const around = resampled(picture, whole, extent, extent);
  const upright = rotated(around, 2 * side, extent / reach / (2 * side), sin, cos);
  return resampled(upright, { x: 0, y: 0, width: 2 * side, height: 2 * side }, side, side);
}

/**
 * Returns `side` × `side` pixels around the centre of a square image, spaced `step` of its pixels apart in rotated
 * directions.
 */
function rotated(
  { pixels, width, channels }: Picture,
  side: number,
  step: number,
  sin: number,
  cos: number,
): Picture {
  const out = new Uint8Array(side * side * channels);
  const [middle, last] = [(width - 1) / 2, width - 1];
  for (let y = 0, to = 0; y < side; y++) {
    const v = (y - (side - 1) / 2) * step;
    for (let x = 0; x < side; x++) {
      const u = (x - (side - 1) / 2) * step;
      const column = Math.min(Math.max(middle + cos * u - sin * v, 0), last);
      const row = Math.min(Math.max(middle + sin * u + cos * v, 0), last);
      const [left, top] = [Math.floor(column), Math.floor(row)];
      const [along, down] = [column - left, row - top];
      let a = (top * width + left) * channels;
      let b = left < last ? a + channels : a;
      const below = top < last ? width * channels : 0;
      for (const end = a + channels; a < end; a++, b++) {
        const [c, d] = [a + below, b + below];
        const upper = (pixels[a] as number) + along * ((pixels[b] as number) - (pixels[a] as number));
        const lower = (pixels[c] as number) + along * ((pixels[d] as number) - (pixels[c] as number));
        out[to++] = upper + down * (lower - upper) + 0.5;
      }
    }
  }
  return { pixels: out, width: side, height: side, channels };
}
