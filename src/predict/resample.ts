/** Crops a rectangle from an image and resizes it with antialiasing, in one step. */

import type { Picture } from "../data/dataset.ts";
import type { Box } from "./boxes.ts";

/**
 * For each result pixel: the first source pixel with a weight, their number, and the weights, `stride` numbers apart.
 */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Float64Array;
  readonly stride: number;
}

/**
 * Returns the part of `picture` in `box` as `width` × `height` pixels. The box may have fractions and extend beyond the
 * border, whose pixels are then repeated. The filter is the one in the models' preprocessing: Pillow's bilinear filter,
 * a triangle as wide as the reduction factor.
 */
export function resampled(picture: Picture, box: Box, width: number, height: number): Picture {
  const { channels, pixels, width: sourceWidth } = picture;
  const rows = tapsOf(box.y, box.height, height, picture.height);
  const columns = tapsOf(box.x, box.width, width, picture.width);
  const left = Math.min(...columns.first);
  const right = columns.first.reduce((last, first, i) => Math.max(last, first + (columns.count[i] ?? 0)), 0);
  const row = new Float64Array((right - left) * channels);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let tap = 0; tap < (rows.count[y] as number); tap++) {
      const weight = rows.weights[y * rows.stride + tap] as number;
      const start = (((rows.first[y] as number) + tap) * sourceWidth + left) * channels;
      addRow(row, pixels, start, weight);
    }
    for (let c = 0; c < channels; c++) writeRow(out, y * width * channels, row, columns, left, channels, c);
  }
  return { pixels: out, width, height, channels };
}

/** Adds a weighted row of pixels. These two loops are separate functions so that each is compiled separately. */
function addRow(row: Float64Array, pixels: Uint8Array, start: number, weight: number): void {
  for (let i = 0; i < row.length; i++) row[i] = (row[i] as number) + weight * (pixels[start + i] as number);
}

/** Resizes one channel of a row into `out`, with rounding. */
function writeRow(
  out: Uint8Array,
  start: number,
  row: Float64Array,
  { first, count, weights, stride }: Taps,
  left: number,
  channels: number,
  channel: number,
): void {
  for (let x = 0; x < first.length; x++) {
    let sum = 0.5;
    let from = ((first[x] as number) - left) * channels + channel;
    const end = x * stride + (count[x] as number);
    for (let tap = x * stride; tap < end; tap++) {
      sum += (weights[tap] as number) * (row[from] as number);
      from += channels;
    }
    out[start + x * channels + channel] = sum;
  }
}

/**
 * Computes the taps along one side: `length` source pixels from `start` become `results`; the source has `extent`
 * pixels in all.
 */
function tapsOf(start: number, length: number, results: number, extent: number): Taps {
  const scale = length / results;
  const reach = Math.max(scale, 1);
  const inside = (pixel: number): number => Math.min(Math.max(pixel, 0), extent - 1);
  const stride = Math.ceil(2 * reach) + 1;
  const first = new Int32Array(results);
  const count = new Int32Array(results);
  const weights = new Float64Array(results * stride);
  for (let i = 0; i < results; i++) {
    const centre = start + (i + 0.5) * scale;
    const [low, high] = [Math.ceil(centre - reach - 0.5), Math.floor(centre + reach - 0.5)];
    const from = inside(low);
    first[i] = from;
    count[i] = inside(high) - from + 1;
    let total = 0;
    for (let pixel = low; pixel <= high; pixel++) {
      const weight = Math.max(0, 1 - Math.abs(pixel + 0.5 - centre) / reach);
      const at = i * stride + inside(pixel) - from;
      weights[at] = (weights[at] as number) + weight;
      total += weight;
    }
    for (let at = i * stride; at < (i + 1) * stride; at++) weights[at] = (weights[at] as number) / total;
  }
  return { first, count, weights, stride };
}

/**
 * Like `resampled`, but interpolates bilinearly between the four nearest pixels: fast, and equally good if the
 * resolution hardly changes.
 */
export function interpolated(picture: Picture, box: Box, width: number, height: number): Picture {
  const { channels, pixels, width: sourceWidth } = picture;
  const columns = neighboursOf(box.x, box.width, width, picture.width);
  const rows = neighboursOf(box.y, box.height, height, picture.height);
  const out = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    const upper = (rows.first[y] as number) * sourceWidth;
    const lower = (rows.second[y] as number) * sourceWidth;
    const down = rows.share[y] as number;
    for (let x = 0; x < width; x++) {
      const [left, right] = [columns.first[x] as number, columns.second[x] as number];
      const across = columns.share[x] as number;
      let a = (upper + left) * channels;
      let b = (upper + right) * channels;
      let c = (lower + left) * channels;
      let d = (lower + right) * channels;
      for (const end = a + channels; a < end; a++, b++, c++, d++) {
        const above = (pixels[a] as number) + across * ((pixels[b] as number) - (pixels[a] as number));
        const below = (pixels[c] as number) + across * ((pixels[d] as number) - (pixels[c] as number));
        out[to++] = above + down * (below - above) + 0.5;
      }
    }
  }
  return { pixels: out, width, height, channels };
}

/** For each result pixel along one side, the two neighbouring source pixels, and the weight of the second. */
function neighboursOf(
  start: number,
  length: number,
  results: number,
  extent: number,
): { first: Int32Array; second: Int32Array; share: Float32Array } {
  const [first, second] = [new Int32Array(results), new Int32Array(results)];
  const share = new Float32Array(results);
  for (let i = 0; i < results; i++) {
    const centre = start + ((i + 0.5) * length) / results - 0.5;
    const inside = Math.min(Math.max(centre, 0), extent - 1);
    first[i] = Math.floor(inside);
    second[i] = Math.min(Math.floor(inside) + 1, extent - 1);
    share[i] = inside - Math.floor(inside);
  }
  return { first, second, share };
}

/** Halves an image; each pixel is the mean of four. Fast, and sufficient before another reduction. */
export function halved({ pixels, width, height, channels }: Picture): Picture {
  const [across, down] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  const [right, below] = [width > 1 ? channels : 0, height > 1 ? width * channels : 0];
  const out = new Uint8Array(across * down * channels);
  const length = across * channels;
  for (let y = 0; y < down; y++) {
    const [start, to] = [2 * y * width * channels, y * length];
    if (channels === 3) halveColours(pixels, start, right, below, out, to, length);
    else halveGreys(pixels, start, right, below, out, to, length);
  }
  return { pixels: out, width: across, height: down, channels };
}

/** One row of `halved`, from `start` to `to`: a separate, unrolled function, so that it is compiled well. */
type HalvesRow = (
  pixels: Uint8Array,
  start: number,
  right: number,
  below: number,
  out: Uint8Array,
  to: number,
  length: number,
) => void;

const halveColours: HalvesRow = (pixels, start, right, below, out, to, length) => {
  for (let i = to, a = start, b = start + below; i < to + length; i += 3, a += 6, b += 6) {
    const [c, d] = [a + right, b + right];
    out[i] = (at(pixels, a) + at(pixels, c) + at(pixels, b) + at(pixels, d) + 2) >> 2;
    out[i + 1] = (at(pixels, a + 1) + at(pixels, c + 1) + at(pixels, b + 1) + at(pixels, d + 1) + 2) >> 2;
    out[i + 2] = (at(pixels, a + 2) + at(pixels, c + 2) + at(pixels, b + 2) + at(pixels, d + 2) + 2) >> 2;
  }
};

const halveGreys: HalvesRow = (pixels, start, right, below, out, to, length) => {
  for (let i = to, a = start, b = start + below; i < to + length; i++, a += 2, b += 2)
    out[i] = (at(pixels, a) + at(pixels, a + right) + at(pixels, b) + at(pixels, b + right) + 2) >> 2;
};

function at(pixels: Uint8Array, index: number): number {
  return pixels[index] as number;
}
