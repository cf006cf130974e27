/** Blurs: Gaussian (out of focus) and linear (motion). */

import type { Picture } from "../../data/dataset.ts";
import { clamped, warped } from "./warp.ts";

/**
 * Returns the image blurred by a Gaussian with standard deviation `sigma` in pixels, cut off at three deviations. Edge
 * pixels are repeated beyond the border.
 */
export function gaussianBlur(picture: Picture, sigma: number): Picture {
  if (sigma <= 0) return picture;
  const radius = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / sigma) ** 2),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const kernel = weights.map((weight) => weight / total);
  const { width, height, channels } = picture;
  const row = width * channels;
  // Rows first, then columns; the intermediate result is not rounded.
  const starts = (count: number, step: number): number[] =>
    Array.from({ length: count * channels }, (_, i) => Math.floor(i / channels) * step + (i % channels));
  const across = convolved(picture.pixels, kernel, starts(height, row), width, channels);
  const both = convolved(across, kernel, starts(width, channels), height, row);
  return { ...picture, pixels: Uint8Array.from(both, Math.round) };
}

/**
 * Convolves lines of values with a kernel. Each line begins at one of `starts` and has `length` values, `step` apart.
 */
function convolved(
  values: ArrayLike<number>,
  kernel: readonly number[],
  starts: readonly number[],
  length: number,
  step: number,
): Float32Array {
  const out = new Float32Array(values.length);
  const radius = (kernel.length - 1) / 2;
  for (let i = 0; i < length; i++) {
    const sources = kernel.map((_, k) => clamped(i + k - radius, length) * step);
    for (const start of starts) {
      let sum = 0;
      for (let k = 0; k < kernel.length; k++)
        sum += (kernel[k] as number) * (values[start + (sources[k] as number)] as number);
      out[start + i * step] = sum;
    }
  }
  return out;
}

/**
 * Returns the mean of copies shifted along a line of `length` pixels in direction `angle` (radians), half a pixel
 * apart.
 */
export function motionBlur(picture: Picture, length: number, angle: number): Picture {
  const count = 2 * Math.ceil(length) + 1;
  const sums = new Float64Array(picture.pixels.length);
  for (let n = 0; n < count; n++) {
    const offset = count === 1 ? 0 : length * (n / (count - 1) - 0.5);
    const [dx, dy] = [offset * Math.cos(angle), offset * Math.sin(angle)];
    const moved = warped(picture, (x, y) => [x + dx, y + dy]).pixels;
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (moved[i] as number);
  }
  return { ...picture, pixels: Uint8Array.from(sums, (sum) => Math.round(sum / count)) };
}
