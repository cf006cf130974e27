/** Max pooling of images stored as rows of pixels; the gradient goes to a window's first maximum, as in PyTorch. */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { integers64, normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { cast } from "./cast.ts";
import { concat } from "./concat.ts";
import { equal } from "./equal.ts";
import { gather } from "./gather.ts";
import { gatheredSums } from "./gathered-sums.ts";
import { maxPoolChannelsLast } from "./max-pool.ts";
import { mul } from "./mul.ts";
import { reshape } from "./reshape.ts";
import { sub } from "./sub.ts";
import {
  column,
  entriesOfInputs,
  outputSize,
  tapsOfOutputs,
  type Window,
  type WindowAttributes,
  windowAttributes,
  windowKinds,
} from "./window.ts";
import { withRow } from "./with-row.ts";

/** Below any activation, but finite, so that it is also a valid float16. */
const LOWEST = -65504;

export const RowMaxPool: Operator<WindowAttributes, One> = {
  type: "RowMaxPool",
  attributes: windowKinds,
  infer: ([x], window) => {
    const { dtype, shape } = x;
    const { batch, height, width } = window;
    if (shape.length !== 2 || shape[0] !== batch * height * width) {
      throw new GraphError(`expected ${batch}·${height}·${width} rows of pixels, got ${show(shape)}`);
    }
    const [h, w] = outputSize(window);
    return [{ dtype, shape: [batch * h * w, shape[1] as number] }];
  },
  gradient: ([dy], { inputs: [x], outputs: [y], attributes: window }) => {
    const { batch } = window;
    const channels = x.shape[1] as number;
    const pooled = reshape(y, [batch, -1, channels]);
    // Each tap in turn takes the rest of dy if it holds the maximum, so the first maximum takes all of it.
    let left = reshape(dy, [batch, -1, channels]);
    const taken = tapsOf(x, window).map((tap, i, { length }) => {
      const share = i === length - 1 ? left : mul(left, cast(equal(tap, pooled), left.dtype));
      left = sub(left, share);
      return share;
    });
    return [reshape(gatheredSums(concat(taken, 1), entriesOfInputs(window, "tap")), x.shape)];
  },
  expand: ([x], window) => {
    const { batch, height, width } = window;
    const channels = x.shape[1] as number;
    const pooled = maxPoolChannelsLast(reshape(x, [batch, height, width, channels]), window);
    return [reshape(pooled, [-1, channels])];
  },
  window: (window) => window,
  evaluate: ([x], window) => {
    const { shape, data, dtype } = x;
    const { batch, height, width, kernel } = window;
    const channels = shape[1] as number;
    const taps = tapsOfOutputs(window);
    const [h, w] = outputSize(window);
    const out = tensor64(
      [batch * h * w, channels],
      new Float64Array(batch * h * w * channels).fill(LOWEST),
      dtype,
    );
    for (let n = 0; n < batch; n++) {
      for (const [entry, pixel] of taps.entries()) {
        if (pixel === height * width) continue;
        for (let c = 0; c < channels; c++) {
          const place = (n * h * w + Math.floor(entry / kernel ** 2)) * channels + c;
          const value = data[(n * height * width + pixel) * channels + c] as number;
          out.data[place] = Math.max(out.data[place] as number, value);
        }
      }
    }
    return [out];
  },
  cases: [
    { inputs: [normal64([2 * 7 * 5, 3])], attributes: windowAttributes(2, 7, 5, 3, 2, 1, 0) },
    { inputs: [normal64([1 * 6 * 8, 2])], attributes: windowAttributes(1, 6, 8, 3, 2, 0, 1) },
    { inputs: [normal64([1 * 4 * 4, 1])], attributes: windowAttributes(1, 4, 4, 2, 2, 0, 0) },
  ],
};

/** A case with ties: the gradient has no finite difference there, but must still select the first maximum. */
export const tied = {
  input: integers64([2 * 6 * 6, 3], 3, "float32"),
  window: windowAttributes(2, 6, 6, 3, 2, 1, 0),
};

export function rowMaxPool(x: Value, window: Window): Value {
  return apply(RowMaxPool, [x], { ...window });
}

/** Returns, for each tap, the pixels that it sees, [N, h·w, C]; `LOWEST` outside the image. */
function tapsOf(x: Value, window: Window): Value[] {
  const { batch, height, width, kernel } = window;
  const pictures = reshape(x, [batch, height * width, -1]);
  const table = tapsOfOutputs(window);
  const source = table.includes(height * width) ? withRow(pictures, LOWEST) : pictures;
  return Array.from({ length: kernel ** 2 }, (_, tap) => gather(source, column(table, kernel ** 2, tap), 1));
}
