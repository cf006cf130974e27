/**
 * Grouped convolution of images stored as rows of pixels, [N·H·W, C], with PyTorch's weight [O, C / groups, K, K]. This is the
 * form used in training. The result and the gradient of the images are `Conv`s over images. For the gradient of the weight,
 * pixels are ordered by group, and each row of taps is a product of every group's pixels under it with the gradient.
 */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { add } from "./add.ts";
import { cast } from "./cast.ts";
import { columnSums } from "./column-sums.ts";
import { concat, pad } from "./concat.ts";
import { conv } from "./conv.ts";
import { gather } from "./gather.ts";
import { groupedBlocksConv, groupedBlocksFit, groupedBlocksInputGradient } from "./grouped-blocks.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";
import {
  outputSize,
  tapsOfOutputs,
  type Window,
  type WindowAttributes,
  windowAttributes,
  windowKinds,
} from "./window.ts";
import { withRow } from "./with-row.ts";

type GroupedConvAttributes = WindowAttributes & { readonly groups: number };

export const GroupedConv: Operator<GroupedConvAttributes, TwoOrThree> = {
  type: "GroupedConv",
  attributes: { ...windowKinds, groups: "hidden" },
  infer: ([x, w, b], window) => {
    const { batch, height, width, kernel, groups } = window;
    if (x.shape.length !== 2 || x.shape[0] !== batch * height * width)
      throw new GraphError(`expected ${batch}·${height}·${width} rows of pixels, got ${show(x.shape)}`);
    const [channels, out] = [x.shape[1], w.shape[0]] as [number, number];
    const wanted = [out, channels / groups, kernel, kernel];
    if (show(w.shape) !== show(wanted) || out % groups !== 0)
      throw new GraphError(`the weight in ${groups} groups must be ${show(wanted)}, got ${show(w.shape)}`);
    if (b && (b.shape.length !== 1 || b.shape[0] !== out))
      throw new GraphError(`the bias must have shape [${out}], got ${show(b.shape)}`);
    const [h, v] = outputSize(window);
    return [{ dtype: x.dtype, shape: [batch * h * v, out] }];
  },
  gradient: ([dy], { inputs: [x, w, b], attributes: window }) => {
    const inBlocks = groupedBlocksFit(x, w, window);
    const dx = (inBlocks ? groupedBlocksInputGradient : inputGradient)(dy, w, window);
    const dw = weightGradient(x, dy, w, window);
    return b ? [dx, dw, columnSums(dy)] : [dx, dw];
  },
  expand: ([x, w, b], window) => {
    if (groupedBlocksFit(x, w, window)) {
      const y = groupedBlocksConv(x, w, window);
      return [b ? add(y, b) : y];
    }
    const { batch, height, width, stride, padding, after, groups } = window;
    const y = conv(pictures(x, { batch, height, width }), w, b, stride, padding, groups, after);
    return [rows(y)];
  },
  window: (window) => window,
  evaluate: ([x, w, b], window) => {
    const { batch, height, width, kernel, groups } = window;
    const [channels, out] = [x.shape[1], w.shape[0]] as [number, number];
    const [inside, each, taps] = [channels / groups, out / groups, kernel ** 2];
    const table = tapsOfOutputs(window);
    const outputs = table.length / taps;
    const result = tensor64([batch * outputs, out], undefined, x.dtype);
    for (let row = 0; row < batch * outputs; row++) {
      const [n, o] = [Math.floor(row / outputs), row % outputs];
      for (let k = 0; k < out; k++) {
        let sum = b ? (b.data[k] as number) : 0;
        for (let tap = 0; tap < taps; tap++) {
          const pixel = table[o * taps + tap] as number;
          if (pixel === height * width) continue;
          for (let c = 0; c < inside; c++) {
            const from = (n * height * width + pixel) * channels + Math.floor(k / each) * inside + c;
            sum += (x.data[from] as number) * (w.data[(k * inside + c) * taps + tap] as number);
          }
        }
        result.data[row * out + k] = sum;
      }
    }
    return [result];
  },
  cases: [
    {
      inputs: [normal64([2 * 5 * 4, 6]), normal64([4, 3, 3, 3]), normal64([4])],
      attributes: { ...windowAttributes(2, 5, 4, 3, 1, 1), groups: 2 },
    },
    {
      inputs: [normal64([7 * 6, 6]), normal64([3, 2, 3, 3])],
      attributes: { ...windowAttributes(1, 7, 6, 3, 2, 1), groups: 3 },
    },
    {
      inputs: [normal64([2 * 3 * 3, 4]), normal64([6, 2, 1, 1])],
      attributes: { ...windowAttributes(2, 3, 3, 1, 1, 0), groups: 2 },
    },
  ],
};

/** `x` [N·H·W, C], `w` [O, C / groups, K, K], `bias` [O]; the result is [N·h·w, O]. */
export function groupedConv(
  x: Value,
  w: Value,
  bias: Value | undefined,
  groups: number,
  window: Window,
): Value {
  return apply(GroupedConv, bias ? [x, w, bias] : [x, w], { ...window, groups });
}

/** Converts rows of pixels to images [N, C, H, W]. */
function pictures(x: Value, { batch, height, width }: Pick<Window, "batch" | "height" | "width">): Value {
  return transpose(reshape(x, [batch, height, width, -1]), [0, 3, 1, 2]);
}

/** Converts images [N, C, H, W] to rows of pixels. */
function rows(y: Value): Value {
  return reshape(transpose(y, [0, 2, 3, 1]), [-1, y.shape[1] as number]);
}

/**
 * Returns the gradient of the images: a convolution of `dy`, spread out by the stride, with taps reversed and channels swapped.
 */
function inputGradient(dy: Value, w: Value, window: GroupedConvAttributes): Value {
  const { batch, height, width, kernel, stride, padding, groups } = window;
  const [out, inside] = w.shape as [number, number];
  const [taps, [h, v]] = [kernel ** 2, outputSize(window)];
  const exchanged = transpose(reshape(w, [groups, out / groups, inside, taps]), [0, 2, 1, 3]);
  const reversed = gather(
    exchanged,
    Int32Array.from({ length: taps }, (_, i) => taps - 1 - i),
    3,
  );
  const filters = reshape(reversed, [groups * inside, out / groups, kernel, kernel]);
  const size = { height: height + padding, width: width + padding };
  const results = reshape(pictures(dy, { batch, height: h, width: v }), [batch * out, h, v]);
  const spread = reshape(
    stride === 1
      ? pad(results, { 1: [0, size.height - h], 2: [0, size.width - v] })
      : spreadOut(results, stride, size),
    [batch, out, size.height, size.width],
  );
  return rows(conv(spread, filters, undefined, 1, kernel - 1 - padding, groups, 0));
}

function weightGradient(x: Value, dy: Value, w: Value, window: GroupedConvAttributes): Value {
  const { batch, height, width, kernel, groups } = window;
  const [out, inside] = w.shape as [number, number];
  const joined = joinedGroups(x, inside, groups);
  const [parts, each] = [groups / joined, out / groups];
  const byPart = (value: Value, channels: number): Value =>
    transpose(reshape(value, [-1, parts, joined * channels]), [1, 0, 2]);
  const [pixels, taps] = [height * width, kernel ** 2];
  const table = tapsOfOutputs(window);
  const source = withRow(byPart(x, inside), 0);
  const gradient = swapLast(byPart(dy, each));
  // One row of taps at a time: all of them would take K² times the memory of the pixels, and single taps make products too thin.
  const rows = Array.from({ length: kernel }, (_, i) => {
    const under = new Int32Array((batch * table.length) / kernel);
    for (let n = 0, entry = 0; n < batch; n++) {
      for (let o = 0; o < table.length / taps; o++) {
        for (let j = 0; j < kernel; j++, entry++) {
          const pixel = table[o * taps + i * kernel + j] as number;
          under[entry] = pixel === pixels ? batch * pixels : n * pixels + pixel;
        }
      }
    }
    const windows = reshape(gather(source, under, 1), [parts, -1, kernel * joined * inside]);
    const product = matmul(gradient, windows);
    const own = ownGroups(reshape(product, [parts, joined, each, kernel, joined, inside]));
    return reshape(transpose(reshape(own, [out, kernel, inside]), [0, 2, 1]), [out, inside, 1, kernel]);
  });
  return concat(rows, 2);
}

/**
 * Returns how many groups are multiplied at once, including the products across groups. Gathering a few channels of each pixel
 * takes as long as gathering many, and products of few channels are slow, so on a CPU it pays to discard most of the products.
 */
function joinedGroups({ graph, dtype }: Value, inside: number, groups: number): number {
  if (graph.block === undefined || dtype !== "float32") return 1;
  let joined = Math.max(1, Math.floor(WIDTH / inside));
  while (groups % joined !== 0) joined--;
  return joined;
}

/** Channels of the merged groups. */
const WIDTH = 16;

/**
 * Extracts from [parts, groups, each, K, groups, inside] the products of each group with itself: [parts, groups, each,
 * K, inside].
 */
function ownGroups(product: Value): Value {
  const [parts, joined, each, kernel, , inside] = product.shape as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const pairs = reshape(transpose(product, [0, 1, 4, 2, 3, 5]), [parts, joined ** 2, each * kernel * inside]);
  const diagonal = Int32Array.from({ length: joined }, (_, i) => i * (joined + 1));
  return reshape(gather(pairs, diagonal, 1), [parts, joined, each, kernel, inside]);
}

/**
 * Inserts zeros between the pixels of result maps [M, h, w], spaced by the stride: [M, height, width]. This is a
 * product with 0/1 matrices on both sides, because placing the pixels one by one takes longer.
 */
function spreadOut(maps: Value, stride: number, { height, width }: Pick<Window, "height" | "width">): Value {
  const [, h, v] = maps.shape as [number, number, number];
  const places = (n: number, extent: number, down: boolean): Value => {
    const shape = down ? [extent, n] : [n, extent];
    const ones = new Float32Array(n * extent);
    for (let i = 0; i < n; i++) ones[down ? i * stride * n + i : i * extent + i * stride] = 1;
    const key = `spread ${n} ${extent} ${stride} ${down} ${maps.dtype}`;
    return maps.graph.once(key, () =>
      cast(maps.graph.constant("float32", shape, ones, "spread"), maps.dtype),
    );
  };
  return matmul(places(h, height, true), matmul(maps, places(v, width, false)));
}
