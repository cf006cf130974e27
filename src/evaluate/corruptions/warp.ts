/** Samples an image at arbitrary positions: bilinear inside, edge pixels repeated outside. */

import type { Picture } from "../../data/dataset.ts";
import { byte } from "./corruption.ts";

/** `source` maps each pixel of the result to its position in the image; pixel centres are integers. */
export function warped(
  picture: Picture,
  source: (x: number, y: number) => readonly [number, number],
): Picture {
  const { pixels, width, height, channels } = picture;
  const out = new Uint8Array(pixels.length);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = source(x, y);
      const [left, top] = [Math.floor(sx), Math.floor(sy)];
      const [along, down] = [sx - left, sy - top];
      const columns = [clamped(left, width), clamped(left + 1, width)] as const;
      const rows = [clamped(top, height) * width, clamped(top + 1, height) * width] as const;
      for (let c = 0; c < channels; c++, o++) {
        const at = (row: number, column: number): number => pixels[(row + column) * channels + c] as number;
        const upper = at(rows[0], columns[0]) * (1 - along) + at(rows[0], columns[1]) * along;
        const lower = at(rows[1], columns[0]) * (1 - along) + at(rows[1], columns[1]) * along;
        out[o] = byte(upper * (1 - down) + lower * down);
      }
    }
  }
  return { pixels: out, width, height, channels };
}

/** Clamps an index to 0 … length - 1. Mirroring at the edges instead would show second faces. */
export function clamped(index: number, length: number): number {
  return Math.min(length - 1, Math.max(0, index));
}
