/** Computes small grey versions of images, to judge quality and to search for near-duplicates. */

import type { Picture } from "./dataset.ts";

/** Side of the grey image used to judge quality: FER2013's own size. */
export const GREY_SIDE = 48;
/** Side of a thumbnail: a copy shifted by 1 px of `GREY_SIDE` is still aligned to half a cell. */
export const SIDE = GREY_SIDE / 2;

/** Returns the luma, 0 to 255, of `GREY_SIDE` × `GREY_SIDE` cells, regardless of the image's shape. */
export function greyOf(picture: Picture): Float64Array {
  return shrunk(picture, GREY_SIDE, GREY_SIDE);
}

/** Returns `SIDE` × `SIDE` cells from the result of `greyOf`. */
export function thumbnail(grey: Float64Array): Uint8Array {
  const out = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const i = 2 * y * GREY_SIDE + 2 * x;
      const upper = at(grey, i) + at(grey, i + 1);
      const lower = at(grey, i + GREY_SIDE) + at(grey, i + GREY_SIDE + 1);
      out[y * SIDE + x] = Math.round((upper + lower) / 4);
    }
  }
  return out;
}

/** Returns the luma (ITU-R BT.601) averaged over the area of each of `columns` × `rows` cells. */
export function shrunk(picture: Picture, columns: number, rows: number): Float64Array {
  const { pixels, width, height, channels } = picture;
  const across = sharesOf(width, columns);
  const down = sharesOf(height, rows);
  const line = new Float64Array(columns);
  const out = new Float64Array(columns * rows);
  for (let y = 0, i = 0; y < height; y++) {
    line.fill(0);
    for (let x = 0; x < width; x++, i += channels) {
      const value =
        channels === 1
          ? at(pixels, i)
          : 0.299 * at(pixels, i) + 0.587 * at(pixels, i + 1) + 0.114 * at(pixels, i + 2);
      for (let k = at(across.starts, x); k < at(across.starts, x + 1); k++) {
        const cell = at(across.cells, k);
        line[cell] = at(line, cell) + at(across.shares, k) * value;
      }
    }
    for (let k = at(down.starts, y); k < at(down.starts, y + 1); k++) {
      const row = at(down.cells, k) * columns;
      const share = at(down.shares, k);
      for (let x = 0; x < columns; x++) out[row + x] = at(out, row + x) + share * at(line, x);
    }
  }
  return out;
}

/** The cells that each pixel of a row falls into, and its share of each cell; `starts[pixel]` is its first entry. */
interface Shares {
  readonly starts: Int32Array;
  readonly cells: Int32Array;
  readonly shares: Float64Array;
}

const known = new Map<string, Shares>();

function sharesOf(length: number, count: number): Shares {
  const key = `${length} ${count}`;
  const found = known.get(key);
  if (found) return found;
  const scale = count / length;
  const starts = [0];
  const cells: number[] = [];
  const shares: number[] = [];
  for (let pixel = 0; pixel < length; pixel++) {
    for (let cell = Math.floor(pixel * scale); cell < Math.min(count, (pixel + 1) * scale); cell++) {
      const share = Math.min(cell + 1, (pixel + 1) * scale) - Math.max(cell, pixel * scale);
      if (share <= 1e-9) continue;
      cells.push(cell);
      shares.push(share);
    }
    starts.push(cells.length);
  }
  const made = {
    starts: Int32Array.from(starts),
    cells: Int32Array.from(cells),
    shares: Float64Array.from(shares),
  };
  // Photos come in thousands of sizes, most of which never recur.
  if (known.size >= 256) known.clear();
  known.set(key, made);
  return made;
}

function at(values: Uint8Array | Int32Array | Float64Array, index: number): number {
  return values[index] as number;
}
