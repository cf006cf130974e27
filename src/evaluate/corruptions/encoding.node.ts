/** Quality lost by encoding: JPEG compression and down-scaling, done by libvips. */

import type { Sharp } from "sharp";
import type { Picture } from "../../data/dataset.ts";
import { sharp } from "../../util/sharp.node.ts";
import type { Corruption } from "./corruption.ts";

const jpeg: Corruption = {
  name: "jpeg",
  title: "JPEG",
  group: "image quality",
  parameter: "quality",
  values: [40, 24, 15, 10, 6],
  async apply(picture, quality) {
    return pixelsOf(sharp(await opened(picture).jpeg({ quality }).toBuffer()), picture);
  },
};

const downScaling: Corruption = {
  name: "down-scaling",
  title: "down-scaling",
  group: "image quality",
  parameter: "share of the side's pixels that remain, enlarged again",
  values: [0.6, 0.45, 0.34, 0.26, 0.2],
  async apply(picture, share) {
    const { width, height, channels } = picture;
    const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side * share)));
    const size = { fit: "fill", kernel: "linear" } as const;
    const small = await pixelsOf(opened(picture).resize(columns, rows, size), {
      width: columns as number,
      height: rows as number,
      channels,
    });
    return pixelsOf(opened(small).resize(width, height, size), picture);
  },
};

export const encodingCorruptions: readonly Corruption[] = [downScaling, jpeg];

function opened({ pixels, width, height, channels }: Picture): Sharp {
  return sharp(pixels, { raw: { width, height, channels } });
}

/** Returns the pixels of an image whose shape is known. */
async function pixelsOf(
  image: Sharp,
  { width, height, channels }: Pick<Picture, "width" | "height" | "channels">,
): Promise<Picture> {
  const data = await image
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .raw()
    .toBuffer();
  return { pixels: new Uint8Array(data), width, height, channels };
}
