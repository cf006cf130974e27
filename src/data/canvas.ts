/** Packs images of several sizes into one uint8 tensor, the input of programs. */

import { type Canvas, extentOnCanvas, type Part, type Placed } from "../augment/canvas.ts";
import type { Tensor } from "../util/tensor.ts";
import type { DescribedNetwork } from "../weights/classifier-file.ts";
import type { Picture, PictureShape } from "./dataset.ts";
import type { Pixels } from "./pixels.ts";

/**
 * Returns the smallest canvas for these images and a network with input size `size`; grey only if all images are
 * grey.
 */
export function canvasOf(pictures: Iterable<PictureShape>, size: number): Canvas {
  let [width, height, channels]: [number, number, 1 | 3] = [1, 1, 1];
  for (const picture of pictures) {
    const extent = extentOnCanvas(picture, size);
    width = Math.max(width, extent.width);
    height = Math.max(height, extent.height);
    if (picture.channels === 3) channels = 3;
  }
  return { width, height, channels };
}

/** Returns a note if images are greyscale and the network expects RGB, or the reverse; undefined if they agree or it is unknown. */
export function channelNote(
  { samples, shape }: Pick<Pixels, "samples" | "shape">,
  network: DescribedNetwork | undefined,
): string | undefined {
  if (!network) return undefined;
  const { backbone, mean } = network;
  const wantsGrey = mean.length === 1;
  const other = samples.filter((_, i) => (shape(i).channels === 1) !== wantsGrey).length;
  if (other === 0) return undefined;
  return wantsGrey
    ? `${other} of ${samples.length} images are in colour; ${backbone} uses their luma`
    : `${other} of ${samples.length} images are greyscale; ${backbone} gets the grey channel three times, as RGB`;
}

/** Packs images as [N, C, H, W], at the canvas's upper left on black; grey ones are repeated if C is 3. */
export function packPictures(pictures: readonly (Picture & Placed)[], canvas: Canvas): Tensor {
  const { width, height, channels } = canvas;
  const plane = width * height;
  const data = new Uint8Array(pictures.length * channels * plane);
  for (const [n, whole] of pictures.entries()) {
    const picture = whole.part ? cutOut(whole, whole.part) : whole;
    for (let c = 0; c < channels; c++) {
      const from = picture.channels === 1 ? 0 : c;
      const start = (n * channels + c) * plane;
      for (let y = 0; y < picture.height; y++) {
        const row = y * picture.width;
        const to = start + y * width;
        if (picture.channels === 1) {
          data.set(picture.pixels.subarray(row, row + picture.width), to);
          continue;
        }
        for (let x = 0; x < picture.width; x++) data[to + x] = picture.pixels[(row + x) * 3 + from] as number;
      }
    }
  }
  return { dtype: "uint8", shape: [pictures.length, channels, height, width], data };
}

/**
 * Returns a part of an image as placed on the canvas. If reduced, each pixel is the mean of the area that it covers.
 */
function cutOut({ pixels, width, channels }: Picture, part: Part): Picture {
  const { across, down } = part;
  const sums = new Float32Array(across * down * channels);
  const columns = areasOf(part.width, across);
  for (const [y, share, to] of areasOf(part.height, down)) {
    for (const [x, portion, column] of columns) {
      const from = ((part.top + y) * width + part.left + x) * channels;
      const at = (to * across + column) * channels;
      for (let c = 0; c < channels; c++)
        sums[at + c] = (sums[at + c] as number) + share * portion * (pixels[from + c] as number);
    }
  }
  return { pixels: Uint8Array.from(sums, Math.round), width: across, height: down, channels };
}

/** Returns which of `length` source pixels contribute to each of `count` pixels, and with which weights. */
function areasOf(length: number, count: number): [pixel: number, share: number, to: number][] {
  const step = length / count;
  return Array.from({ length: count }, (_, to) => {
    const [start, end] = [to * step, (to + 1) * step];
    const areas: [number, number, number][] = [];
    for (let pixel = Math.floor(start); pixel < Math.min(end, length); pixel++) {
      const share = (Math.min(end, pixel + 1) - Math.max(start, pixel)) / step;
      if (share > 0) areas.push([pixel, share, to]);
    }
    return areas;
  }).flat();
}
