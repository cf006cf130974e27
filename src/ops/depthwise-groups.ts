/**
 * Depthwise convolution as one `Conv` whose groups are the channels of all pictures, for maps of any size; the gradient of the
 * pictures is another one, with the taps reversed. The same for the filters would have windows as large as the pictures, so
 * their gradient is a matrix product.
 */

import type { Value } from "../graph/types.ts";
import { concat, slice } from "./concat.ts";
import { conv } from "./conv.ts";
import { expand } from "./expand.ts";
import { gather } from "./gather.ts";
import { matmul, swapLast } from "./matmul.ts";
import { pad } from "./pad.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import { outputSize, type Window } from "./window.ts";

/** `x` [C, N·H·W], `w` [C, K·K], `bias` [C]: [C, N·h·w]. */
export function groupedConv(
  x: Value,
  w: Value,
  bias: Value | undefined,
  { batch, height, width, stride, padding, after }: Omit<Window, "kernel" | "ceil">,
): Value {
  const [channels, taps] = w.shape as [number, number];
  const kernel = Math.sqrt(taps);
  const groups = channels * batch;
  const repeated = (value: Value, each: number): Value =>
    expand(reshape(value, [channels, 1, each]), [channels, batch, each]);
  const filters = reshape(repeated(w, taps), [groups, 1, kernel, kernel]);
  const shifts = bias && reshape(repeated(bias, 1), [groups]);
  const y = conv(reshape(x, [1, groups, height, width]), filters, shifts, stride, padding, groups, after);
  return reshape(y, [channels, -1]);
}

/** The gradient of the pictures: the same convolution of `dy`, spread out by the stride, with the taps reversed. */
export function groupedInputGradient(dy: Value, w: Value, window: Window): Value {
  const { batch, height, width, kernel, stride, padding } = window;
  const [channels, taps] = w.shape as [number, number];
  const reversed = gather(
    w,
    Int32Array.from({ length: taps }, (_, i) => taps - 1 - i),
    1,
  );
  const before = kernel - 1 - padding;
  const [h, v] = outputSize(window);
  if (stride === 1) {
    const after = kernel - 1 - window.after;
    return groupedConv(dy, reversed, undefined, {
      batch,
      height: h,
      width: v,
      stride,
      padding: before,
      after,
    });
  }
  const size = { batch, height: height + padding, width: width + padding };
  const spread = reshape(spreadOut(reshape(dy, [channels * batch, h, v]), stride, size), [channels, -1]);
  return groupedConv(spread, reversed, undefined, { ...size, stride: 1, padding: before, after: 0 });
}

/** Maps [M, h, w] of results with zeros between their pixels, as far apart as the windows are: [M, height, width]. */
export function spreadOut(
  maps: Value,
  stride: number,
  { height, width }: Pick<Window, "height" | "width">,
): Value {
  const [m, h, v] = maps.shape as [number, number, number];
  const lines = spreadAxis(reshape(maps, [m * h, v, 1]), stride, width);
  return spreadAxis(reshape(lines, [m, h, width]), stride, height);
}

/** [A, n, B] with zeros behind each of the n, up to `extent` of them: [A, extent, B]. What is cut off are zeros. */
function spreadAxis(x: Value, stride: number, extent: number): Value {
  const [a, n, b] = x.shape as [number, number, number];
  const apart = reshape(pad(reshape(x, [a, n, 1, b]), { 2: [0, stride - 1] }), [a, n * stride, b]);
  return n * stride > extent ? slice(apart, 1, 0, extent) : pad(apart, { 1: [0, extent - n * stride] });
}

/**
 * The gradient of the filters, [C, K·K]. For row i of the taps, lines of `x` lie under lines of `dy`; their product over the
 * lines of all pictures relates each result of a line to each pixel of it, [C, results, pixels], and a tap's gradient is the
 * sum along a diagonal. Of the product only few numbers are needed. Yet on a CPU it takes a quarter of the time of K²
 * multiplications that are summed up, which have to move all pixels each time.
 */
export function groupedFilterGradient(x: Value, dy: Value, window: Window): Value {
  const { batch, height, width, kernel, padding, stride } = window;
  const channels = x.shape[0] as number;
  const [h, v] = outputSize(window);
  const pixels = reshape(x, [channels, batch * height, width]);
  const results = reshape(dy, [channels, batch * h, v]);
  const rows = Array.from({ length: kernel }, (_, i) => {
    const [upper, lower]: [number[], number[]] = [[], []];
    for (let n = 0; n < batch; n++) {
      for (let line = 0; line < h; line++) {
        const under = line * stride + i - padding;
        if (under < 0 || under >= height) continue;
        upper.push(n * h + line);
        lower.push(n * height + under);
      }
    }
    if (upper.length === 0)
      return x.graph.constant("float32", [channels, kernel], new Float32Array(channels * kernel));
    const product = matmul(swapLast(linesOf(results, upper)), linesOf(pixels, lower));
    return diagonalSums(reshape(product, [channels, v * width]), window);
  });
  return reshape(concat(rows, 1), [channels, kernel ** 2]);
}

/** The lines of [C, L, W] with these numbers. */
function linesOf(x: Value, lines: readonly number[]): Value {
  const all = lines.length === x.shape[1] && lines.every((line, i) => line === i);
  return all ? x : gather(x, Int32Array.from(lines), 1);
}

/** For each tap of a row the sum over the results of a line of what they have to do with the pixel under it: [C, K]. */
function diagonalSums(product: Value, window: Window): Value {
  const { width, kernel, padding, stride } = window;
  const [, v] = outputSize(window);
  const taps = Array.from({ length: kernel }, (_, tap) => {
    const places: number[] = [];
    for (let result = 0; result < v; result++) {
      const pixel = result * stride + tap - padding;
      if (pixel >= 0 && pixel < width) places.push(result * width + pixel);
    }
    const channels = product.shape[0] as number;
    if (places.length === 0)
      return product.graph.constant("float32", [channels, 1], new Float32Array(channels));
    return reduceSum(gather(product, Int32Array.from(places), 1), [1], true);
  });
  return concat(taps, 1);
}
