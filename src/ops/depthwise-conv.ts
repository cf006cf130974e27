/**
 * Depthwise convolution, with one filter per channel, of maps whose channels are rows: [C, N·H·W] by [C, K·K]. This is
 * the form used in training. `depthwise-blocks.ts` implements it if ONNX Runtime's blocked kernels are available.
 * Otherwise `depthwise-groups.ts` handles large maps and `depthwise-maps.ts` small ones.
 */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { add } from "./add.ts";
import {
  blocksConv,
  blocksFilterGradient,
  blocksInputGradient,
  type DepthwiseWindow,
  depthwiseBlocksFit,
  inputGradientFits,
} from "./depthwise-blocks.ts";
import { groupedConv, groupedFilterGradient, groupedInputGradient } from "./depthwise-groups.ts";
import {
  mapsAreSmall,
  smallMapsConv,
  smallMapsFilterGradient,
  smallMapsInputGradient,
} from "./depthwise-maps.ts";
import { apart, apart64, together, together64 } from "./interleave.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";
import {
  outputSize,
  tapsOfOutputs,
  type Window,
  type WindowAttributes,
  windowAttributes,
  windowKinds,
} from "./window.ts";

type DepthwiseAttributes = WindowAttributes & DepthwiseWindow;

export const DepthwiseConv: Operator<DepthwiseAttributes, TwoOrThree> = {
  type: "DepthwiseConv",
  attributes: { ...windowKinds, block: "hidden" },
  infer: ([x, w, b], window) => {
    const { batch, height, width, kernel } = window;
    if (x.shape.length !== 2 || x.shape[1] !== batch * height * width)
      throw new GraphError(`expected channels of ${batch}·${height}·${width} pixels, got ${show(x.shape)}`);
    const channels = x.shape[0] as number;
    if (w.shape.length !== 2 || w.shape[0] !== channels || w.shape[1] !== kernel ** 2)
      throw new GraphError(`the weight must be [${channels}, ${kernel ** 2}], got ${show(w.shape)}`);
    if (b && (b.shape.length !== 1 || b.shape[0] !== channels))
      throw new GraphError(`the bias must have shape [${channels}], got ${show(b.shape)}`);
    const [h, v] = outputSize(window);
    return [{ dtype: x.dtype, shape: [channels, batch * h * v] }];
  },
  gradient: ([dy], { inputs: [x, w, b], attributes: window }) => {
    const blocks = depthwiseBlocksFit(x, window);
    const elsewhere = mapsAreSmall(window)
      ? ([smallMapsInputGradient, smallMapsFilterGradient] as const)
      : ([groupedInputGradient, groupedFilterGradient] as const);
    const inputGradient = blocks && inputGradientFits(window) ? blocksInputGradient : elsewhere[0];
    const filterGradient = blocks ? blocksFilterGradient : elsewhere[1];
    const [images, results] = [imagesIn(window), resultsIn(window)];
    const dx =
      inputGradient === blocksInputGradient
        ? blocksInputGradient(dy, w, window)
        : images.blocked(inputGradient(results.plain(dy), w, window));
    const dw =
      filterGradient === blocksFilterGradient
        ? blocksFilterGradient(x, dy, window)
        : filterGradient(images.plain(x), results.plain(dy), window);
    return b ? [dx, dw, reduceSum(dy, [1])] : [dx, dw];
  },
  expand: ([x, w, b], window) => {
    if (depthwiseBlocksFit(x, window)) return [blocksConv(x, w, b, window)];
    const images = imagesIn(window).plain(x);
    const { blocked } = resultsIn(window);
    if (!mapsAreSmall(window)) return [blocked(groupedConv(images, w, b, window))];
    const y = smallMapsConv(images, w, window);
    return [blocked(b ? add(y, reshape(b, [-1, 1])) : y)];
  },
  window: (window) => window,
  evaluate: ([x, w, b], window) => {
    const { batch, height, width, kernel, block } = window;
    if (block) {
      const plain = apart64(x, block, height * width);
      const [y] = DepthwiseConv.evaluate(b ? [plain, w, b] : [plain, w], { ...window, block: 0 });
      const [h, v] = outputSize(window);
      return [together64(y, block, h * v)];
    }
    const [channels] = x.shape as [number];
    const [pixels, taps] = [height * width, kernel ** 2];
    const table = tapsOfOutputs(window);
    const outputs = table.length / taps;
    const out = tensor64([channels, batch * outputs], undefined, x.dtype);
    for (let c = 0; c < channels; c++) {
      for (let n = 0; n < batch; n++) {
        for (let o = 0; o < outputs; o++) {
          let sum = b ? (b.data[c] as number) : 0;
          for (let tap = 0; tap < taps; tap++) {
            const pixel = table[o * taps + tap] as number;
            if (pixel < pixels)
              sum +=
                (x.data[(c * batch + n) * pixels + pixel] as number) * (w.data[c * taps + tap] as number);
          }
          out.data[(c * batch + n) * outputs + o] = sum;
        }
      }
    }
    return [out];
  },
  cases: [
    {
      inputs: [normal64([3, 2 * 5 * 4]), normal64([3, 9]), normal64([3])],
      attributes: plain(2, 5, 4, 3, 1, 1),
    },
    { inputs: [normal64([2, 7 * 6]), normal64([2, 9])], attributes: plain(1, 7, 6, 3, 2, 1) },
    { inputs: [normal64([1, 3 * 8 * 5]), normal64([1, 25])], attributes: plain(3, 8, 5, 5, 2, 2) },
    { inputs: [normal64([2, 7 * 7]), normal64([2, 49])], attributes: plain(1, 7, 7, 7, 1, 3) },
    {
      // TensorFlow's "same" padding at stride 2: nothing before, one line after.
      inputs: [normal64([2, 2 * 6 * 8]), normal64([2, 9])],
      attributes: plain(2, 6, 8, 3, 2, 0, 0, 1),
    },
    // Maps too large for matrices.
    {
      inputs: [normal64([2, 2 * 11 * 13]), normal64([2, 9]), normal64([2])],
      attributes: plain(2, 11, 13, 3, 1, 1),
    },
    { inputs: [normal64([1, 17 * 22]), normal64([1, 25])], attributes: plain(1, 17, 22, 5, 2, 2) },
    {
      inputs: [normal64([2, 18 * 22]), normal64([2, 9])],
      attributes: plain(1, 18, 22, 3, 2, 0, 0, 1),
    },
    // Interleaved maps.
    {
      inputs: [normal64([3, 4 * 5 * 6]), normal64([3, 9]), normal64([3])],
      attributes: { ...plain(4, 5, 6, 3, 2, 1), block: 4 },
    },
    {
      inputs: [normal64([2, 2 * 11 * 13]), normal64([2, 9])],
      attributes: { ...plain(2, 11, 13, 3, 1, 1), block: 2 },
    },
    {
      inputs: [normal64([2, 2 * 40 * 3]), normal64([2, 49])],
      attributes: plain(2, 40, 3, 7, 1, 3),
    },
  ],
};

/**
 * `x` [C, N·H·W], `w` [C, K·K], `bias` [C]; the result is [C, N·h·w]. With `block`, the maps of `x` and of the result
 * are interleaved (`interleave.ts`).
 */
export function depthwiseConv(
  x: Value,
  w: Value,
  bias: Value | undefined,
  window: Window & { readonly block?: number },
): Value {
  return apply(DepthwiseConv, bias ? [x, w, bias] : [x, w], { ...window, block: window.block ?? 0 });
}

function plain(...window: Parameters<typeof windowAttributes>): DepthwiseAttributes {
  return { ...windowAttributes(...window), block: 0 };
}

/** Returns conversions of images between consecutive maps and the window's layout. */
function imagesIn({ block, height, width }: DepthwiseWindow) {
  return order(block, height * width);
}

/** Returns the same conversions for results. */
function resultsIn(window: DepthwiseWindow) {
  const [h, v] = outputSize(window);
  return order(window.block, h * v);
}

function order(block: number, pixels: number) {
  return {
    plain: (x: Value): Value => (block ? apart(x, block, pixels) : x),
    blocked: (x: Value): Value => (block ? together(x, block, pixels) : x),
  };
}
