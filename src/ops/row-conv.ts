/**
 * Convolution of images stored as rows of pixels, [N·H·W, C], by matrix products: the form used in training. The weight
 * is [K·K·C, O], with rows ordered by tap and then by channel. It uses Winograd's products if they are faster.
 */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { add } from "./add.ts";
import { columnSums } from "./column-sums.ts";
import { gather } from "./gather.ts";
import { Gemm, gemm } from "./gemm.ts";
import { col2im, Im2Col, im2col } from "./im2col.ts";
import { productOverRows } from "./over-rows.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import { outputSize, type Window, type WindowAttributes, windowAttributes, windowKinds } from "./window.ts";
import { winogradConv, winogradFilterGradient, winogradGains, winogradInputGradient } from "./winograd.ts";

/** `winograd` is 1 if `winograd.ts` computes the convolution. */
type RowConvAttributes = WindowAttributes & { readonly winograd: number };

export const RowConv: Operator<RowConvAttributes, TwoOrThree> = {
  type: "RowConv",
  attributes: { ...windowKinds, winograd: "hidden" },
  infer: ([x, w, b], window) => {
    const { batch, height, width, kernel } = window;
    if (x.shape.length !== 2 || x.shape[0] !== batch * height * width) {
      throw new GraphError(`expected ${batch}·${height}·${width} rows of pixels, got ${show(x.shape)}`);
    }
    const wanted = kernel ** 2 * (x.shape[1] as number);
    if (w.shape.length !== 2 || w.shape[0] !== wanted) {
      throw new GraphError(
        `a ${kernel}×${kernel} window over ${x.shape[1]} channels needs a weight [${wanted}, out], got ${show(w.shape)}`,
      );
    }
    const [outHeight, outWidth] = outputSize(window);
    const out = w.shape[1] as number;
    if (b && (b.shape.length !== 1 || b.shape[0] !== out))
      throw new GraphError(`the bias must have shape [${out}], got ${show(b.shape)}`);
    return [{ dtype: x.dtype, shape: [batch * outHeight * outWidth, out] }];
  },
  gradient: ([dy], { inputs: [x, w, b], attributes: window }) => {
    const dw = window.winograd
      ? winogradFilterGradient(x, dy, window)
      : productOverRows(columnsOf(x, window), dy);
    const dx = window.winograd
      ? winogradInputGradient(dy, w, window)
      : inputGradient(dy, w, x.shape[1] as number, window);
    return b ? [dx, dw, columnSums(dy)] : [dx, dw];
  },
  expand: ([x, w, bias], window) => {
    if (!window.winograd) return [gemm(columnsOf(x, window), w, { bias })];
    const y = winogradConv(x, w, window);
    return [bias ? add(y, bias) : y];
  },
  window: (window) => window,
  evaluate: ([x, w, b], window) => {
    const [columns] = Im2Col.evaluate([x], window);
    return Gemm.evaluate(b ? [columns, w, b] : [columns, w], { transA: 0, transB: 0 });
  },
  cases: [
    {
      inputs: [normal64([2 * 5 * 4, 3]), normal64([27, 2]), normal64([2])],
      attributes: plain(2, 5, 4, 3, 1, 1),
    },
    { inputs: [normal64([1 * 7 * 6, 2]), normal64([18, 3])], attributes: plain(1, 7, 6, 3, 2, 1) },
    { inputs: [normal64([2 * 4 * 5, 3]), normal64([3, 2])], attributes: plain(2, 4, 5, 1, 2, 0) },
    { inputs: [normal64([3 * 2 * 2, 3]), normal64([3, 4])], attributes: plain(3, 2, 2, 1, 1, 0) },
    { inputs: [normal64([1 * 6 * 6, 2]), normal64([18, 3])], attributes: plain(1, 6, 6, 3, 2, 0) },
    // TensorFlow's "same" padding: nothing before, one line after.
    { inputs: [normal64([2 * 6 * 4, 2]), normal64([18, 3])], attributes: plain(2, 6, 4, 3, 2, 0, 0, 1) },
    {
      inputs: [normal64([2 * 7 * 4, 3]), normal64([27, 2]), normal64([2])],
      attributes: { ...windowAttributes(2, 7, 4, 3, 1, 1), winograd: 1 },
    },
    // A mosaic of two by two images with tiles that cover two of them.
    {
      inputs: [normal64([4 * 5 * 9, 2]), normal64([18, 3])],
      attributes: { ...windowAttributes(4, 5, 9, 3, 1, 1), winograd: 1 },
    },
    {
      inputs: [normal64([1 * 4 * 9, 2]), normal64([18, 3])],
      attributes: { ...windowAttributes(1, 4, 9, 3, 1, 1), winograd: 1 },
    },
  ],
};

/** `x` [N·H·W, C], `w` [K·K·C, O], `bias` [O]; the result is [N·h·w, O]. */
export function rowConv(x: Value, w: Value, bias: Value | undefined, window: Window): Value {
  const winograd = winogradGains(x, w.shape[1] as number, window) ? 1 : 0;
  return apply(RowConv, bias ? [x, w, bias] : [x, w], { ...window, winograd });
}

function plain(...window: Parameters<typeof windowAttributes>): RowConvAttributes {
  return { ...windowAttributes(...window), winograd: 0 };
}

/** Returns the windows as rows, built once for the convolution and its gradient; a 1×1 window at stride 1 is the pixel itself. */
function columnsOf(x: Value, window: Window): Value {
  const { kernel, stride, padding, after } = window;
  if (kernel === 1 && stride === 1 && padding === 0) return x;
  return x.graph.once(`windows ${kernel} ${stride} ${padding} ${after} of ${x.name}`, () =>
    im2col(x, window),
  );
}

function inputGradient(dy: Value, w: Value, channels: number, window: Window): Value {
  const { kernel, stride, padding, after } = window;
  if (kernel === 1 && stride === 1 && padding === 0) return gemm(dy, w, { transB: true });
  const sameSize = stride === 1 && kernel === 2 * padding + 1 && after === padding;
  if (!sameSize) return col2im(gemm(dy, w, { transB: true }), window);
  // At stride 1 the gradient is itself a convolution, with the taps reversed and the channels swapped. It gathers
  // before the product, whereas the other form would have to add after it.
  const taps = kernel ** 2;
  const out = w.shape[1] as number;
  const reversed = gather(
    reshape(w, [taps, channels, out]),
    Int32Array.from({ length: taps }, (_, i) => taps - 1 - i),
    0,
  );
  return rowConv(dy, reshape(transpose(reversed, [0, 2, 1]), [taps * out, channels]), undefined, window);
}
