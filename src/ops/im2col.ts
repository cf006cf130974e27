/**
 * Windows of images laid out as rows, and the reverse. `Im2Col` turns rows of pixels [N·H·W, C] into rows of windows
 * [N·h·w, K·K·C], so that a convolution is one matrix product; `Col2Im` adds each window's entries back onto their
 * pixels. Each is the other's gradient, and both are gathers with constant tables: nothing is scattered. ONNX's
 * operator `Col2Im` differs: it returns NCHW images.
 */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { gather } from "./gather.ts";
import { gatheredSums } from "./gathered-sums.ts";
import { reshape } from "./reshape.ts";
import {
  entriesOfInputs,
  outputSize,
  tapsOfOutputs,
  type Window,
  type WindowAttributes,
  windowAttributes,
  windowKinds,
} from "./window.ts";
import { withRow } from "./with-row.ts";

export const Im2Col: Operator<WindowAttributes, One> = {
  type: "Im2Col",
  attributes: windowKinds,
  infer: ([x], window) => {
    const channels = channelsOf(x, window.batch * window.height * window.width);
    const [h, w] = outputSize(window);
    return [{ dtype: x.dtype, shape: [window.batch * h * w, window.kernel ** 2 * channels] }];
  },
  gradient: ([dy], { attributes }) => [apply(Col2Im, [dy], attributes)],
  expand: ([x], window) => {
    const rows = x;
    const { batch, height, width, kernel } = window;
    const channels = rows.shape[1] as number;
    const [h, w] = outputSize(window);
    const pictures = reshape(rows, [batch, height * width, channels]);
    const table = tapsOfOutputs(window);
    const source = table.includes(height * width) ? withRow(pictures, 0) : pictures;
    return [reshape(gather(source, table, 1), [batch * h * w, kernel ** 2 * channels])];
  },
  window: (window) => window,
  evaluate: ([x], window) => {
    const { data, dtype } = x;
    const { batch, height, width, kernel } = window;
    const channels = data.length / (batch * height * width);
    const taps = tapsOfOutputs(window);
    const [h, w] = outputSize(window);
    const out = tensor64([batch * h * w, kernel ** 2 * channels], undefined, dtype);
    for (let n = 0, o = 0; n < batch; n++) {
      for (const pixel of taps) {
        for (let c = 0; c < channels; c++, o++) {
          if (pixel < height * width)
            out.data[o] = data[(n * height * width + pixel) * channels + c] as number;
        }
      }
    }
    return [out];
  },
  cases: [
    { inputs: [normal64([2 * 5 * 4, 3])], attributes: windowAttributes(2, 5, 4, 3, 1, 1) },
    { inputs: [normal64([1 * 7 * 6, 2])], attributes: windowAttributes(1, 7, 6, 3, 2, 1) },
    { inputs: [normal64([2 * 4 * 5, 1])], attributes: windowAttributes(2, 4, 5, 1, 2, 0) },
    { inputs: [normal64([1 * 9 * 9, 2])], attributes: windowAttributes(1, 9, 9, 7, 2, 3) },
  ],
};

export const Col2Im: Operator<WindowAttributes, One> = {
  type: "Col2Im",
  attributes: windowKinds,
  infer: ([columns], window) => {
    const [h, w] = outputSize(window);
    const width = channelsOf(columns, window.batch * h * w);
    return [
      {
        dtype: columns.dtype,
        shape: [window.batch * window.height * window.width, width / window.kernel ** 2],
      },
    ];
  },
  gradient: ([dx], { attributes }) => [apply(Im2Col, [dx], attributes)],
  expand: ([columns], window) => {
    const { batch, height, width, kernel } = window;
    const value = columns;
    const channels = (value.shape[1] as number) / kernel ** 2;
    const entries = reshape(value, [batch, -1, channels]);
    const sums = gatheredSums(entries, entriesOfInputs(window, "window"));
    return [reshape(sums, [batch * height * width, channels])];
  },
  evaluate: ([columns], window) => {
    const { data, dtype } = columns;
    const { batch, height, width, kernel } = window;
    const channels = (columns.shape[1] as number) / kernel ** 2;
    const taps = tapsOfOutputs(window);
    const out = tensor64([batch * height * width, channels], undefined, dtype);
    for (let n = 0, i = 0; n < batch; n++) {
      for (const pixel of taps) {
        for (let c = 0; c < channels; c++, i++) {
          if (pixel === height * width) continue;
          const place = (n * height * width + pixel) * channels + c;
          out.data[place] = (out.data[place] as number) + (data[i] as number);
        }
      }
    }
    return [out];
  },
  cases: [
    { inputs: [normal64([2 * 5 * 4, 9 * 3])], attributes: windowAttributes(2, 5, 4, 3, 1, 1) },
    { inputs: [normal64([1 * 4 * 3, 9 * 2])], attributes: windowAttributes(1, 7, 6, 3, 2, 1) },
    { inputs: [normal64([2 * 2 * 3, 1])], attributes: windowAttributes(2, 4, 5, 1, 2, 0) },
  ],
};

export function im2col(x: Value, attributes: Window): Value {
  return apply(Im2Col, [x], { ...attributes });
}

export function col2im(columns: Value, attributes: Window): Value {
  return apply(Col2Im, [columns], { ...attributes });
}

/** Returns the width of a matrix that must have `rows` rows. */
function channelsOf({ shape }: TensorType, rows: number): number {
  if (shape.length !== 2 || shape[0] !== rows)
    throw new GraphError(`expected ${rows} rows of pixels, got ${show(shape)}`);
  return shape[1] as number;
}
