/** Packs pictures of several sizes into one uint8 tensor, as programs take them. */

import type { Canvas } from "../augment/canvas.ts";
import type { Tensor } from "../util/tensor.ts";
import type { DescribedNetwork } from "../weights/classifier-file.ts";
import type { Picture } from "./dataset.ts";
import type { PixelCache } from "./pixel-cache.node.ts";

/** The smallest canvas that holds all these pictures: grey only if all of them are. */
export function canvasOf(pictures: Iterable<Pick<Picture, "width" | "height" | "channels">>): Canvas {
  let [width, height, channels]: [number, number, 1 | 3] = [1, 1, 1];
  for (const picture of pictures) {
    width = Math.max(width, picture.width);
    height = Math.max(height, picture.height);
    if (picture.channels === 3) channels = 3;
  }
  return { width, height, channels };
}

/** What to say where images are grey and the network wants RGB, or the reverse; undefined where they agree or it is not known. */
export function channelNote(
  { samples, shape }: Pick<PixelCache, "samples" | "shape">,
  network: DescribedNetwork | undefined,
): string | undefined {
  if (!network) return undefined;
  const { backbone, mean } = network;
  const wantsGrey = mean.length === 1;
  const other = samples.filter((_, i) => (shape(i).channels === 1) !== wantsGrey).length;
  if (other === 0) return undefined;
  return wantsGrey
    ? `${other} of ${samples.length} pictures are coloured; ${backbone} sees their luma`
    : `${other} of ${samples.length} pictures are grey; ${backbone} sees the grey channel three times, as RGB`;
}

/** Pictures [N, C, H, W] at the canvas's upper left, black around them; grey ones are repeated where C is 3. */
export function packPictures(pictures: readonly Picture[], canvas: Canvas): Tensor {
  const { width, height, channels } = canvas;
  const plane = width * height;
  const data = new Uint8Array(pictures.length * channels * plane);
  for (const [n, picture] of pictures.entries()) {
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
