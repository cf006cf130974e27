/**
 * 3×3 convolutions at stride 1 by Winograd's minimal filtering, F(4×4, 3×3): a tile of 6×6 pixels and the filter are each
 * transformed to 36 numbers, whose products, summed over the channels, are transformed back to 4×4 results. That takes 36
 * products instead of the direct method's 144 (Lavin and Gray 2016). The points are 0, 1, −1, 1/2, −2 and ∞, whose float32 error
 * is half that of the usual 0, ±1, ±2, ∞ (about 2e-6 of a result, compared with 3e-7 for the direct method).
 *
 * Pixels are rows: the numbers of all tiles are [36, tiles, C], and the sum over channels is 36 matrix products.
 */

import type { Value } from "../graph/types.ts";
import { gather } from "./gather.ts";
import { gatheredSums } from "./gathered-sums.ts";
import { gemm } from "./gemm.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import type { Window } from "./window.ts";
import { withRow } from "./with-row.ts";

/** Sides of a tile's results and of its pixels. */
const OUT = 4;
const IN = 6;

/** d → Bᵀ d B, for one dimension. */
const pixelTransform = [
  [1, -3 / 2, -2, 3 / 2, 1, 0],
  [0, -1, 1 / 2, 5 / 2, 1, 0],
  [0, 1, -5 / 2, 1 / 2, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 1 / 2, -1, -1 / 2, 1, 0],
  [0, 1, -3 / 2, -2, 3 / 2, 1],
];
/** g → G g Gᵀ. */
const filterTransform = [
  [1, 0, 0],
  [1 / 3, 1 / 3, 1 / 3],
  [-1 / 3, 1 / 3, -1 / 3],
  [-16 / 15, -8 / 15, -4 / 15],
  [1 / 15, -2 / 15, 4 / 15],
  [0, 0, 1],
];
/** m → Aᵀ m A. */
const resultTransform = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 1 / 2, -2, 0],
  [0, 1, 1, 1 / 4, 4, 0],
  [0, 1, -1, 1 / 8, -8, 1],
];

/** Minimum number of products saved per weight for which transforming the filters, forward and backward, pays off. */
const LEAST_SAVED = 1000;
/** Minimum number of channels: with fewer, the matrix products are too thin to pay for the pixel transforms. */
const FEWEST_CHANNELS = 16;
/** The same for constant weights, where the alternative is a `Conv` in ONNX Runtime's blocked kernels. */
const FEWEST_CHANNELS_FROZEN = 128;

/**
 * Returns whether a convolution of `x`, as rows or as images, to `out` channels can use Winograd's products and is
 * faster with them. `frozen`: the weights are constants.
 */
export function winogradGains(x: Value, out: number, window: Window, frozen = false): boolean {
  const { kernel, stride, padding, after, batch, height, width } = window;
  const possible = kernel === 3 && stride === 1 && padding === 1 && after === 1 && x.dtype === "float32";
  const fewest = frozen ? FEWEST_CHANNELS_FROZEN : FEWEST_CHANNELS;
  const [down, across] = mosaicOf(window);
  const saved = kernel ** 2 * batch * height * width - IN ** 2 * down.tiles * across.tiles;
  return possible && saved >= LEAST_SAVED && Math.min(x.shape[1] as number, out) >= fewest;
}

/** `x` [N·H·W, C] by `w` [9·C, O]: [N·H·W, O]. */
export function winogradConv(x: Value, w: Value, window: Window): Value {
  const products = matmul(pixelTiles(x, window), filtersOf(w));
  const results = transformed(reshape(products, [IN ** 2, -1]), resultTransform);
  return gather(reshape(results, [-1, w.shape[1] as number]), placesInTiles(window), 0);
}

/** Returns the gradient of `x`, given the gradient of the result: every linear step above, transposed. */
export function winogradInputGradient(dy: Value, w: Value, window: Window): Value {
  const tiles = matmul(productGradients(dy, window), swapLast(filtersOf(w)));
  const pixels = transformed(reshape(tiles, [IN ** 2, -1]), pixelTransform, true);
  const entries = reshape(pixels, [1, -1, (w.shape[0] as number) / 9]);
  return reshape(gatheredSums(entries, entriesOfPixels(window)), [dy.shape[0] as number, -1]);
}

/** Returns the gradient of `w`, in the same way. */
export function winogradFilterGradient(x: Value, dy: Value, window: Window): Value {
  const pixels = transpose(pixelTiles(x, window), [0, 2, 1]);
  const filters = matmul(pixels, productGradients(dy, window));
  const [channels, out] = [x.shape[1] as number, dy.shape[1] as number];
  return reshape(transformed(reshape(filters, [IN ** 2, -1]), filterTransform, true), [9 * channels, out]);
}

/** Returns the transformed filters, [36, C, O]. */
function filtersOf(w: Value): Value {
  return w.graph.once(`winograd filters of ${w.name}`, () =>
    reshape(transformed(reshape(w, [9, -1]), filterTransform), [IN ** 2, -1, w.shape[1] as number]),
  );
}

/** Returns the gradient of the products, [36, tiles, O], given the gradient of the result; built once for both gradients. */
function productGradients(dy: Value, window: Window): Value {
  return dy.graph.once(`winograd products of ${dy.name}`, () => {
    const tiles = pixelRows(dy, pixelsOfTiles(window, OUT, 0));
    const products = transformed(reshape(tiles, [OUT ** 2, -1]), resultTransform, true);
    return reshape(products, [IN ** 2, -1, dy.shape[1] as number]);
  });
}

/** Returns the transformed tiles of `x`, [36, tiles, C]; built once for the convolution and its gradient. */
function pixelTiles(x: Value, window: Window): Value {
  return x.graph.once(`winograd tiles of ${x.name}`, () => {
    const tiles = pixelRows(x, pixelsOfTiles(window, IN, 1));
    const numbers = transformed(reshape(tiles, [IN ** 2, -1]), pixelTransform);
    return reshape(numbers, [IN ** 2, -1, x.shape[1] as number]);
  });
}

/** Applies a transform, or its transpose, to both dimensions of the tiles along the first axis of `x`. */
function transformed(x: Value, transform: readonly (readonly number[])[], transA = false): Value {
  const both = transform.flatMap((a) => transform.map((b) => a.flatMap((v) => b.map((w) => v * w))));
  const shape = [both.length, (both[0] as number[]).length];
  const matrix = x.graph.once(`winograd ${both.flat().join(" ")}`, () =>
    x.graph.constant("float32", shape, Float32Array.from(both.flat()), "winograd"),
  );
  return gemm(matrix, x, { transA });
}

/** Returns the rows of `x` [R, C] that `table` selects; row R, for places outside an image, is zeros. */
function pixelRows(x: Value, table: Int32Array): Value {
  const [rows, channels] = x.shape as [number, number];
  if (!table.includes(rows)) return gather(x, table, 0);
  return gather(reshape(withRow(reshape(x, [1, rows, channels]), 0), [rows + 1, channels]), table, 0);
}

/** The arrangement of tiles along one side of the images. */
interface Axis {
  readonly pictures: number;
  /** Distance between images, in pixels. */
  readonly pitch: number;
  readonly tiles: number;
  /** Whether a tile may cover two images, with a line of zeros between them. */
  readonly shared: boolean;
}

/**
 * Arranges the images of a batch as a mosaic that takes the fewest tiles, down and across. A single image of 14 px
 * needs 4 tiles per side; four of them, with the zeros between them that serve as padding for both, need 15.
 */
function mosaicOf({ batch, height, width }: Window): readonly [Axis, Axis] {
  const layouts: [Axis, Axis][] = [];
  for (let down = 1; down <= batch; down++)
    if (batch % down === 0) layouts.push([axisOf(down, height), axisOf(batch / down, width)]);
  const tiles = ([a, b]: readonly [Axis, Axis]): number => a.tiles * b.tiles;
  return layouts.reduce((best, layout) => (tiles(layout) < tiles(best) ? layout : best));
}

function axisOf(pictures: number, side: number): Axis {
  const alone = Math.ceil(side / OUT);
  const together = Math.ceil((pictures * (side + 1) - 1) / OUT);
  return together < pictures * alone
    ? { pictures, pitch: side + 1, tiles: together, shared: true }
    : { pictures, pitch: alone * OUT, tiles: pictures * alone, shared: false };
}

/** Returns the image and the pixel under place `i` of a tile, along one side; the pixel may lie outside the image. */
function pixelAt({ pitch, shared }: Axis, tile: number, i: number): readonly [number, number] {
  const position = tile * OUT + i;
  const picture = Math.floor((shared ? position : tile * OUT) / pitch);
  return [picture, position - picture * pitch];
}

/** Returns the pixel row under every place of a tile of `side`, ordered by place and then by tile. */
function pixelsOfTiles(window: Window, side: number, padding: number): Int32Array {
  const { batch, height, width } = window;
  const [down, across] = mosaicOf(window);
  const table = new Int32Array(side ** 2 * down.tiles * across.tiles).fill(batch * height * width);
  for (let place = 0, entry = 0; place < side ** 2; place++) {
    const [i, j] = [Math.floor(place / side) - padding, (place % side) - padding];
    for (let row = 0; row < down.tiles; row++) {
      const [m, y] = pixelAt(down, row, i);
      const inside = m >= 0 && m < down.pictures && y >= 0 && y < height;
      for (let column = 0; column < across.tiles; column++, entry++) {
        const [n, x] = pixelAt(across, column, j);
        if (inside && n >= 0 && n < across.pictures && x >= 0 && x < width)
          table[entry] = ((m * across.pictures + n) * height + y) * width + x;
      }
    }
  }
  return table;
}

/** Returns, for every pixel, the row of its result, ordered by place and then by tile. */
function placesInTiles(window: Window): Int32Array {
  const pixels = pixelsOfTiles(window, OUT, 0);
  const outside = window.batch * window.height * window.width;
  const table = new Int32Array(outside);
  for (const [entry, pixel] of pixels.entries()) if (pixel < outside) table[pixel] = entry;
  return table;
}

/** Returns, for every pixel, its entries in the tiles that see it, ordered by place and then by tile. */
function entriesOfPixels(window: Window): number[][] {
  const lists = Array.from({ length: window.batch * window.height * window.width }, (): number[] => []);
  for (const [entry, pixel] of pixelsOfTiles(window, IN, 1).entries()) lists[pixel]?.push(entry);
  return lists;
}
