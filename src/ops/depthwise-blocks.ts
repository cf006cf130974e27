/**
 * Depthwise convolution by ONNX Runtime's blocked kernels, for machines that have them. The gradient of the images is
 * the convolution of `dy` with the taps reversed. The gradient of the filters is also a convolution: `dy` is the
 * filter, as large as the images, and the result is the K × K taps.
 */

import type { Value } from "../graph/types.ts";
import {
  type BlockedMaps,
  blockedConv,
  blocksFit,
  intoBlocks,
  outOfBlocks,
  smallIntoBlocks,
  smallOutOfBlocks,
  spreadMaps,
} from "./blocked-conv.ts";
import { slice } from "./concat.ts";
import { expand } from "./expand.ts";
import { gather } from "./gather.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import { linesAfter, outputSize, type Window } from "./window.ts";

/** `block`: how many maps are already interleaved, in images and results alike (`interleave.ts`), or 0. */
export type DepthwiseWindow = Window & { readonly block: number };

/** Returns whether `x` [C, N·H·W] can be convolved in blocks. */
export function depthwiseBlocksFit(x: Value, { batch, block }: DepthwiseWindow): boolean {
  return blocksFit(x, (x.shape[0] as number) * batch) && (block === 0 || block === x.graph.block);
}

/** Converts maps [M, h, w] to the form that the blocked convolutions take. */
function taken(
  x: Value,
  { block }: DepthwiseWindow,
  maps: number,
  height: number,
  width: number,
): BlockedMaps {
  if (!block) return intoBlocks(x, maps, height, width);
  return { value: reshape(x, [1, maps, height, width]), maps, height, width };
}

/** Converts their results to [C, pixels]. */
function given(y: BlockedMaps, { block }: DepthwiseWindow, channels: number): Value {
  return reshape(block ? y.value : outOfBlocks(y), [channels, -1]);
}

/** `x` [C, N·H·W], `w` [C, K·K], `bias` [C]: [C, N·h·w]. */
export function blocksConv(x: Value, w: Value, bias: Value | undefined, window: DepthwiseWindow): Value {
  const { batch, height, width, kernel, stride, padding, after } = window;
  const channels = w.shape[0] as number;
  const pictures = taken(x, window, channels * batch, height, width);
  const shifts = bias && reshape(expand(reshape(bias, [channels, 1]), [channels, batch]), [channels * batch]);
  const places = { stride, before: [padding, padding], after: [after, after] } as const;
  const y = blockedConv(pictures, repeated(w, batch, kernel), places, shifts);
  return given(y, window, channels);
}

/** Returns the gradient of the images. */
export function blocksInputGradient(dy: Value, w: Value, window: DepthwiseWindow): Value {
  const { batch, kernel, stride, padding } = window;
  const [channels, taps] = w.shape as [number, number];
  const [h, v] = outputSize(window);
  const last = kernel - 1;
  const reversed = gather(
    w,
    Int32Array.from({ length: taps }, (_, i) => taps - 1 - i),
    1,
  );
  const results = spreadOut(taken(dy, window, channels * batch, h, v), stride);
  const dx = blockedConv(results, repeated(reversed, batch, kernel), {
    before: [last - padding, last - padding],
    after: linesAfter(window),
  });
  return given(dx, window, channels);
}

/** Returns whether that gradient is a convolution: its padding below and to the right must not be negative. */
export function inputGradientFits(window: Window): boolean {
  return Math.min(...linesAfter(window)) >= 0;
}

/** Inserts zeros between the pixels of maps, according to the stride. */
function spreadOut(x: BlockedMaps, stride: number): BlockedMaps {
  const value = spreadMaps(x.value, stride);
  return { ...x, value, height: x.height * stride, width: x.width * stride };
}

/** Returns the gradient of the filters, [C, K·K]. */
export function blocksFilterGradient(x: Value, dy: Value, window: DepthwiseWindow): Value {
  const { batch, height, width, kernel, stride, padding } = window;
  const channels = x.shape[0] as number;
  const maps = channels * batch;
  const [h, v] = outputSize(window);
  // If no window covers the last lines of the images, this is negative, and more than K lines remain.
  const missing = (results: number, extent: number): number =>
    (results - 1) * stride + kernel - extent - padding;
  const after = [Math.max(0, missing(h, height)), Math.max(0, missing(v, width))] as const;
  const sums = blockedConv(taken(x, window, maps, height, width), taken(dy, window, maps, h, v), {
    dilation: stride,
    before: [padding, padding],
    after,
  });
  const whole = summed(sums, batch);
  const taps = slice(slice(whole, 1, 0, kernel), 2, 0, kernel);
  return reshape(taps, [channels, kernel ** 2]);
}

/** Repeats the filters [C, K·K], once for each map of every image. */
function repeated(w: Value, batch: number, kernel: number): BlockedMaps {
  const [channels, taps] = w.shape as [number, number];
  const maps = channels * batch;
  const block = w.graph.block as number;
  if (batch % block === 0) {
    const value = expand(reshape(w, [channels, 1, taps, 1]), [channels, batch / block, taps, block]);
    return { value, maps, height: kernel, width: kernel };
  }
  const each = expand(reshape(w, [channels, 1, taps]), [channels, batch, taps]);
  return smallIntoBlocks(reshape(each, [maps, taps]), kernel, kernel);
}

/** Sums each channel's maps over the images: [C, h, w]. */
function summed(maps: BlockedMaps, batch: number): Value {
  const { value, height, width } = maps;
  const channels = maps.maps / batch;
  const block = value.graph.block as number;
  const whole =
    batch % block === 0
      ? reduceSum(reshape(value, [channels, batch / block, height * width, block]), [1, 3])
      : reduceSum(reshape(smallOutOfBlocks(maps), [channels, batch, height * width]), [1]);
  return reshape(whole, [channels, height, width]);
}
