/**
 * Depthwise convolution of small maps as a product: the filters become matrices from all pixels of a map to all results, [C,
 * H·W, h·w], which are filters times a constant table. Forward and both gradients are products of such matrices. `Conv` takes
 * a group at a time, so small maps keep it busy with everything but multiplying.
 */

import type { Value } from "../graph/types.ts";
import { cast } from "./cast.ts";
import { gemm } from "./gemm.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { outputSize, tapsOfOutputs, type Window } from "./window.ts";

/** Matrices with more entries take more time to be moved than they save: 14 × 14 pixels to 7 × 7 are within. */
const MOST_ENTRIES = 10_000;

export function mapsAreSmall(window: Window): boolean {
  const [h, v] = outputSize(window);
  return window.height * window.width * h * v <= MOST_ENTRIES;
}

/** `x` [C, N·H·W], `w` [C, K·K]: [C, N·h·w]. */
export function smallMapsConv(x: Value, w: Value, window: Window): Value {
  return reshape(matmul(maps(x, window), matrices(w, window)), [x.shape[0] as number, -1]);
}

export function smallMapsInputGradient(dy: Value, w: Value, window: Window): Value {
  return reshape(matmul(maps(dy, window), matrices(w, window, true)), [dy.shape[0] as number, -1]);
}

export function smallMapsFilterGradient(x: Value, dy: Value, window: Window): Value {
  const products = matmul(swapLast(maps(x, window)), maps(dy, window));
  return gemm(reshape(products, [x.shape[0] as number, -1]), table(x, window), { transB: true });
}

/** [C, N, pixels of one map]. */
function maps(x: Value, { batch }: Window): Value {
  return reshape(x, [x.shape[0] as number, batch, -1]);
}

/** The filters as matrices [C, pixels, results], or their transposes, which a product makes as fast as the matrices. */
function matrices(w: Value, window: Window, transposed = false): Value {
  return reshape(gemm(w, table(w, window, transposed)), [
    w.shape[0] as number,
    ...extents(window, transposed),
  ]);
}

function extents(window: Window, transposed: boolean): [number, number] {
  const [h, v] = outputSize(window);
  const [pixels, results] = [window.height * window.width, h * v];
  return transposed ? [results, pixels] : [pixels, results];
}

/** [K·K, pixels · results], or [K·K, results · pixels]: 1 where a tap takes a pixel to a result. */
function table({ graph, dtype }: Value, window: Window, transposed = false): Value {
  const { height, width, kernel, stride, padding, after } = window;
  const [pixels, taps] = [height * width, kernel ** 2];
  const [, columns] = extents(window, transposed);
  return graph.once(
    `taps ${height} ${width} ${kernel} ${stride} ${padding} ${after} ${transposed} ${dtype}`,
    () => {
      const under = tapsOfOutputs(window);
      const entries = (under.length / taps) * pixels;
      const ones = new Float32Array(taps * entries);
      for (const [entry, pixel] of under.entries()) {
        const [result, tap] = [Math.floor(entry / taps), entry % taps];
        const [row, column] = transposed ? [result, pixel] : [pixel, result];
        if (pixel < pixels) ones[tap * entries + row * columns + column] = 1;
      }
      return cast(graph.constant("float32", [taps, entries], ones, "taps"), dtype);
    },
  );
}
