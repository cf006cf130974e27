/** Converts pixels of a canvas to an image, and back. */

import type { Picture } from "./dataset.ts";

/** The result of a canvas's `getImageData`: rows of red, green, blue and opacity, 0 to 255. */
export interface RgbaPixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Returns the image composited on white, and grey if every pixel has R = G = B, as for decoded files. */
export function pictureOfRgba({ data, width, height }: RgbaPixels): Picture {
  const count = width * height;
  const pixels = new Uint8Array(3 * count);
  let grey = true;
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    for (let c = 0; c < 3; c++) pixels[to + c] = data[from + c] as number;
    const opacity = data[from + 3] as number;
    if (opacity < 255)
      for (let c = 0; c < 3; c++) pixels[to + c] = onWhite(pixels[to + c] as number, opacity);
    grey &&= pixels[to] === pixels[to + 1] && pixels[to] === pixels[to + 2];
  }
  if (!grey) return { pixels, width, height, channels: 3 };
  const single = new Uint8Array(count);
  for (let i = 0; i < count; i++) single[i] = pixels[3 * i] as number;
  return { pixels: single, width, height, channels: 1 };
}

/** Converts an image to opaque pixels for a canvas. */
export function rgbaOf({ pixels, width, height, channels }: Picture): Uint8ClampedArray<ArrayBuffer> {
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) data[4 * i + c] = pixels[channels === 3 ? 3 * i + c : i] as number;
  return data;
}

function onWhite(value: number, opacity: number): number {
  return 255 + ((value - 255) * opacity) / 255 + 0.5;
}
