/**
 * ONNX Runtime's convolution of maps in blocks, with one filter per map: [M, h, w] is stored as [M / B, h, w, B], B
 * maps interleaved, so that one instruction processes B of them. ONNX Runtime's optimiser converts convolutions with
 * constant weights to this form, using the operators in this file, but not convolutions with trained weights. B depends
 * on the processor: see `Builder.block`.
 */

import { apply } from "../graph/graph.ts";
import type { Builder, One, Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { pad } from "./concat.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

const domain = "com.microsoft.nchwc";
const gradient = { notDifferentiable: "it is part of a composite that has a gradient itself" };
const evaluate = (): never => {
  throw new GraphError("blocked operators have no evaluation; the composites that they are parts of do");
};

/** Both operators keep their shape, [1, M, h, w], whatever the order of the numbers. */
const ReorderInput: Operator<Record<never, never>, One> = {
  type: "ReorderInput",
  domain,
  attributes: {},
  infer: ([{ dtype, shape }]) => [{ dtype, shape }],
  gradient,
  evaluate,
  cases: [],
};

/** The same for pixels whose channels are adjacent: from [N, h, w, C] to [N, C, h, w]. */
const ReorderPixels: Operator<{ readonly channels_last: number }, One> = {
  type: "ReorderInput",
  domain,
  attributes: { channels_last: "int" },
  infer: ([{ dtype, shape }]) => {
    const [batch, height, width, channels] = shape as [number, number, number, number];
    return [{ dtype, shape: [batch, channels, height, width] }];
  },
  gradient,
  evaluate,
  cases: [],
};

const ReorderOutput: Operator<{ readonly channels: number }, One> = {
  type: "ReorderOutput",
  domain,
  attributes: { channels: "int" },
  infer: ([{ dtype, shape }]) => [{ dtype, shape }],
  gradient,
  evaluate,
  cases: [],
};

type BlockedConvAttributes = {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
};

const BlockedConv: Operator<BlockedConvAttributes, TwoOrThree> = {
  type: "Conv",
  domain,
  attributes: { kernel_shape: "ints", strides: "ints", dilations: "ints", pads: "ints", group: "int" },
  infer: ([x, w], { kernel_shape, strides, dilations, pads }) => {
    const [batch, , ...size] = x.shape as [number, number, number, number];
    const places = size.map((extent, axis) => {
      const covered = (dilations[axis] as number) * ((kernel_shape[axis] as number) - 1) + 1;
      const padded = extent + (pads[axis] as number) + (pads[axis + 2] as number);
      return Math.floor((padded - covered) / (strides[axis] as number)) + 1;
    });
    return [{ dtype: x.dtype, shape: [batch, w.shape[0] as number, ...places] }];
  },
  gradient,
  evaluate,
  cases: [],
};

/** Maps of one size, in blocks. */
export interface BlockedMaps {
  readonly value: Value;
  readonly maps: number;
  readonly height: number;
  readonly width: number;
}

/** Returns whether this graph can store `maps` maps in blocks. */
export function blocksFit({ graph, dtype }: Value, maps: number): boolean {
  return graph.block !== undefined && dtype === "float32" && maps % graph.block === 0;
}

/** Converts consecutive maps, [..., height, width], to blocks; done once, however many convolutions need them. */
export function intoBlocks(x: Value, maps: number, height: number, width: number): BlockedMaps {
  const value = x.graph.once(`blocks of ${x.name}`, () => {
    const pictures = reshape(x, [1, maps, height, width]);
    return x.graph.apply(ReorderInput, [pictures], {})[0];
  });
  return { value, maps, height, width };
}

/** Converts blocks back to consecutive maps, [1, maps, height, width]. */
export function outOfBlocks({ value, maps }: BlockedMaps): Value {
  return value.graph.apply(ReorderOutput, [value], { channels: maps })[0];
}

/** Converts rows of pixels [N·h·w, C] to images [N, C, h, w] with their channels in blocks. */
export function rowsIntoBlocks(x: Value, batch: number, height: number, width: number): Value {
  return x.graph.once(`blocks of channels of ${x.name}`, () =>
    apply(ReorderPixels, [reshape(x, [batch, height, width, -1])], { channels_last: 1 }),
  );
}

/** Converts the columns [R, M] of a matrix to an image [1, R, M, 1] whose channels, the rows, are in blocks. */
export function blockedColumns(x: Value): Value {
  const [rows, columns] = x.shape as [number, number];
  return apply(ReorderInput, [reshape(x, [1, rows, columns, 1])], {});
}

/**
 * The reverse. A block's pixels are treated as rows of C / B pixels, each with as many channels as a block has pixels:
 * converting those to blocks transposes them on all threads, whereas `ReorderOutput` uses one.
 */
export function rowsOutOfBlocks(y: Value): Value {
  const [batch, channels, height, width] = y.shape as [number, number, number, number];
  const block = blockOf(y.graph);
  const shape = [batch, channels / block, 1, height * width * block];
  const rows = apply(ReorderPixels, [reshape(y, shape)], { channels_last: 1 });
  return reshape(rows, [batch * height * width, channels]);
}

/**
 * Convolves images [N, C, h, w] in blocks of channels, in groups whose channel counts are multiples of a block: [N, O, h', w'].
 * `filters` [O, C / groups, K, K] hold the numbers [groups, output blocks, input blocks, K, K, inputs, outputs].
 */
export function blockedGroups(
  x: Value,
  filters: Value,
  groups: number,
  { stride = 1, before, after }: BlockedWindow,
): Value {
  return apply(BlockedConv, [x, filters], {
    kernel_shape: filters.shape.slice(2) as number[],
    strides: [stride, stride],
    dilations: [1, 1],
    pads: [...before, ...after],
    group: groups,
  });
}

export interface BlockedWindow {
  readonly stride?: number;
  /** Distance between taps, in pixels. */
  readonly dilation?: number;
  /** Zeros above and to the left, and below and to the right. */
  readonly before: readonly [number, number];
  readonly after: readonly [number, number];
}

/** Convolves each map with its own filter. Filters are maps themselves, in the same blocks. `bias` has one number per map. */
export function blockedConv(
  x: BlockedMaps,
  filters: BlockedMaps,
  window: BlockedWindow,
  bias?: Value,
): BlockedMaps {
  const { stride = 1, dilation = 1, before, after } = window;
  const { maps, height, width } = filters;
  const weight = reshape(filters.value, [maps, 1, height, width]);
  const value = apply(BlockedConv, bias ? [x.value, weight, bias] : [x.value, weight], {
    kernel_shape: [height, width],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    pads: [...before, ...after],
    group: maps,
  });
  const [, , h, w] = value.shape as [number, number, number, number];
  return { value, maps, height: h, width: w };
}

/** Inserts zeros after each pixel and each line of images or maps in blocks, [N, M, h, w]: [N, M, h·stride, w·stride]. */
export function spreadMaps(x: Value, stride: number): Value {
  if (stride === 1) return x;
  const [batch, maps, height, width] = x.shape as [number, number, number, number];
  const block = blockOf(x.graph);
  const pixels = reshape(x, [(batch * maps) / block, height, 1, width, block]);
  const spread = pad(pixels, { 2: [0, stride - 1], 4: [0, (stride - 1) * block] });
  return reshape(spread, [batch, maps, height * stride, width * stride]);
}

/** Converts small maps [M, numbers] to blocks, by transposing each block. */
export function smallIntoBlocks(x: Value, height: number, width: number): BlockedMaps {
  const maps = x.shape[0] as number;
  const block = blockOf(x.graph);
  const value = transpose(reshape(x, [maps / block, block, height * width]), [0, 2, 1]);
  return { value, maps, height, width };
}

/** Converts small maps in blocks to [M, numbers]. */
export function smallOutOfBlocks({ value, maps, height, width }: BlockedMaps): Value {
  const block = blockOf(value.graph);
  return reshape(transpose(reshape(value, [maps / block, height * width, block]), [0, 2, 1]), [maps, -1]);
}

function blockOf({ block }: Builder): number {
  if (block === undefined) throw new GraphError("this graph has no blocks");
  return block;
}
