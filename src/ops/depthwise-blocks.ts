/**
 * Depthwise convolution by ONNX Runtime's blocked kernels, for machines that have them. The gradient of the pictures is the
 * convolution of `dy` with the taps reversed. That of the filters is a convolution too: `dy` is the filter, as large as the
 * pictures, and what it leaves are the K × K taps.
 */

import type { Value } from "../graph/types.ts";
import { add } from "./add.ts";
import {
  blockedConv,
  blocksFit,
  intoBlocks,
  outOfBlocks,
  smallIntoBlocks,
  smallOutOfBlocks,
} from "./blocked-conv.ts";
import { slice } from "./concat.ts";
import { expand } from "./expand.ts";
import { gather } from "./gather.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import { outputSize, type Window } from "./window.ts";

/** Whether `x` [C, N·H·W] can be convolved in blocks. */
export function depthwiseBlocksFit(x: Value, { batch }: Window): boolean {
  return blocksFit(x, (x.shape[0] as number) * batch);
}

/** `x` [C, N·H·W], `w` [C, K·K], `bias` [C]: [C, N·h·w]. */
export function blocksConv(x: Value, w: Value, bias: Value | undefined, window: Window): Value {
  const { batch, height, width, kernel, stride, padding, after } = window;
  const channels = w.shape[0] as number;
  const pictures = intoBlocks(x, channels * batch, height, width);
  const y = blockedConv(pictures, repeated(w, batch, kernel), {
    stride,
    before: [padding, padding],
    after: [after, after],
  });
  const columns = reshape(outOfBlocks(y), [channels, -1]);
  return bias ? add(columns, reshape(bias, [channels, 1])) : columns;
}

/** The gradient of the pictures at a stride of 1. */
export function blocksInputGradient(dy: Value, w: Value, window: Window): Value {
  const { batch, kernel, padding, after } = window;
  const [channels, taps] = w.shape as [number, number];
  const [h, v] = outputSize(window);
  const last = kernel - 1;
  const reversed = gather(
    w,
    Int32Array.from({ length: taps }, (_, i) => taps - 1 - i),
    1,
  );
  const dx = blockedConv(intoBlocks(dy, channels * batch, h, v), repeated(reversed, batch, kernel), {
    before: [last - padding, last - padding],
    after: [last - after, last - after],
  });
  return reshape(outOfBlocks(dx), [channels, -1]);
}

/** The gradient of the filters, [C, K·K]. */
export function blocksFilterGradient(x: Value, dy: Value, window: Window): Value {
  const { batch, height, width, kernel, stride, padding } = window;
  const channels = x.shape[0] as number;
  const maps = channels * batch;
  const [h, v] = outputSize(window);
  // Where the last lines of the pictures are under no window, this is negative, and more than K lines are left.
  const missing = (results: number, extent: number): number =>
    (results - 1) * stride + kernel - extent - padding;
  const after = [Math.max(0, missing(h, height)), Math.max(0, missing(v, width))] as const;
  const sums = blockedConv(intoBlocks(x, maps, height, width), intoBlocks(dy, maps, h, v), {
    dilation: stride,
    before: [padding, padding],
    after,
  });
  const each = reshape(smallOutOfBlocks(sums), [channels, batch, sums.height, sums.width]);
  const whole = reduceSum(each, [1]);
  const taps = slice(slice(whole, 1, 0, kernel), 2, 0, kernel);
  return reshape(taps, [channels, kernel ** 2]);
}

/** The filters [C, K·K], one for each map of every picture. */
function repeated(w: Value, batch: number, kernel: number) {
  const [channels, taps] = w.shape as [number, number];
  const each = expand(reshape(w, [channels, 1, taps]), [channels, batch, taps]);
  return smallIntoBlocks(reshape(each, [channels * batch, taps]), kernel, kernel);
}
