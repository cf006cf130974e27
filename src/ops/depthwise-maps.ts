/**
 * Depthwise convolution of small maps as a product: a constant table turns the filters into matrices from all pixels of
 * a map to all results, [C, H·W, h·w]. The forward pass and both gradients are products of such matrices. `Conv`
 * processes one group at a time, so on small maps it spends most of its time on overhead.
 */

import type { Value } from "../graph/types.ts";
import { cast } from "./cast.ts";
import { gemm } from "./gemm.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { outputSize, tapsOfOutputs, type Window } from "./window.ts";

/** Matrices with more entries take longer to move than they save; 14 × 14 pixels to 7 × 7 are within the limit. */
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

/** Reshapes to [C, N, pixels of one map]. */
function maps(x: Value, { batch }: Window): Value {
  return reshape(x, [x.shape[0] as number, batch, -1]);
}

/** Returns the filters as matrices [C, pixels, results], or as their transposes, which a product yields just as fast. */
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

/** [K·K, pixels · results], or [K·K, results · pixels]: 1 if a tap relates a pixel to a result, otherwise 0. */
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
