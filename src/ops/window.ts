/** Index tables of sliding windows over images stored as rows of pixels, [N, H·W, C]. */

import { windowedExtent } from "../graph/infer.ts";

/** A square window that slides over images of a fixed size. */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zero padding above and to the left, in pixels. */
  readonly padding: number;
  /** The same below and to the right. */
  readonly after: number;
  /** 1 if a last, partly covered window counts (PyTorch's `ceil_mode`). */
  readonly ceil: number;
}

export type WindowAttributes = Window & Record<string, number>;

/** The attribute kinds shared by all windowed composites. */
export const windowKinds = {
  batch: "hidden",
  height: "hidden",
  width: "hidden",
  kernel: "hidden",
  stride: "hidden",
  padding: "hidden",
  after: "hidden",
  ceil: "hidden",
} as const;

/** Returns the attributes of a window, given in the order that operators' cases use. */
export function windowAttributes(
  batch: number,
  height: number,
  width: number,
  kernel: number,
  stride: number,
  padding: number,
  ceil = 0,
  after = padding,
): WindowAttributes {
  return { batch, height, width, kernel, stride, padding, after, ceil };
}

/** Returns height and width of the result. */
export function outputSize(window: Window): [number, number] {
  const { height, width, kernel, stride, padding, after, ceil } = window;
  const extent = (size: number): number => windowedExtent(size, kernel, stride, padding, ceil === 1, after);
  return [extent(height), extent(width)];
}

/**
 * Returns the lines of zeros below and to the right for which the gradient of the images is a convolution of the
 * results, spread out by the stride. If a number is negative, the gradient is not a convolution.
 */
export function linesAfter(window: Window): [number, number] {
  const { height, width, stride, padding } = window;
  const [h, v] = outputSize(window);
  return [height + padding - h * stride, width + padding - v * stride];
}

/**
 * Returns, for every output pixel and every tap of the window, the input pixel under it, or `height·width` (the padding
 * row) if the tap lies outside: [outputs · taps].
 */
export function tapsOfOutputs(window: Window): Int32Array {
  const { height, width, kernel, stride, padding } = window;
  const [outHeight, outWidth] = outputSize(window);
  const table = new Int32Array(outHeight * outWidth * kernel * kernel);
  let next = 0;
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      for (let i = 0; i < kernel; i++) {
        for (let j = 0; j < kernel; j++) {
          const [row, column] = [y * stride + i - padding, x * stride + j - padding];
          const inside = row >= 0 && row < height && column >= 0 && column < width;
          table[next++] = inside ? row * width + column : height * width;
        }
      }
    }
  }
  return table;
}

/** Returns the inverse relation: for every input pixel, the entries that read it. Entries are ordered by window or by tap. */
export function entriesOfInputs(window: Window, order: "window" | "tap"): number[][] {
  const { height, width, kernel } = window;
  const pixels = tapsOfOutputs(window);
  const perWindow = kernel ** 2;
  const windows = pixels.length / perWindow;
  const lists = Array.from({ length: height * width }, (): number[] => []);
  for (const [entry, pixel] of pixels.entries()) {
    const byTap = (entry % perWindow) * windows + Math.floor(entry / perWindow);
    lists[pixel]?.push(order === "tap" ? byTap : entry);
  }
  return lists;
}

/** Returns column `index` of a table [rows · columns]. */
export function column(table: Int32Array, columns: number, index: number): Int32Array {
  return table.filter((_, i) => i % columns === index);
}
