/** The values passed between layers: a batch of feature maps in one of several layouts, or a batch of tokens. */

import { show } from "../graph/infer.ts";
import type { Dim, Value } from "../graph/types.ts";
import { slice } from "../ops/concat.ts";
import { apart, together } from "../ops/interleave.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import type { Window } from "../ops/window.ts";
import { GraphError } from "../util/errors.ts";

/**
 * `nchw`: [N, C, H, W], for convolutions with constant weights. `rows`: [N·H·W, C], one row per pixel, for training and
 * for Winograd's products. `columns`: [C, N·H·W], one column per pixel, for training depthwise convolutions. `blocks`:
 * columns in the order [N / B, H, W, B], the storage order of blocked convolutions for `Builder.block` = B images.
 */
export type Layout = "nchw" | "rows" | "columns" | "blocks";

export interface FeatureMap {
  readonly value: Value;
  readonly layout: Layout;
  readonly batch: Dim;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A sequence of vectors for each image, as in transformers: [N, T, C]. */
export interface Tokens {
  readonly value: Value;
  readonly layout: "tokens";
  readonly batch: Dim;
  readonly count: number;
  readonly channels: number;
  /** Number of leading tokens without a position: the class token. */
  readonly prefix: number;
}

export type Feature = FeatureMap | Tokens;

/** Wraps images [N, C, H, W] as a feature map. */
export function pictures(value: Value): FeatureMap {
  const [batch, channels, height, width] = value.shape;
  if (value.shape.length !== 4) throw new GraphError(`images must be [N, C, H, W], got ${show(value.shape)}`);
  return {
    value,
    layout: "nchw",
    batch: batch as Dim,
    channels: channels as number,
    height: height as number,
    width: width as number,
  };
}

/** Wraps [N, T, C] as tokens, the first `prefix` of which have no position. */
export function tokensOf(value: Value, prefix = 0): Tokens {
  const [batch, count, channels] = value.shape as [Dim, number, number];
  return { value, layout: "tokens", batch, count, channels, prefix };
}

/** Returns the extents of one image's features: [C, H, W] of maps, [T, C] of tokens. */
export function extentsOf(x: Feature): number[] {
  return x.layout === "tokens" ? [x.count, x.channels] : [x.channels, x.height, x.width];
}

/** Returns the number of lines and columns of a feature's positions; those of tokens form a square. */
export function gridOf(x: Feature): { readonly height: number; readonly width: number } {
  if (x.layout !== "tokens") return x;
  const side = Math.sqrt(x.count - x.prefix);
  return { height: side, width: side };
}

/** Returns `value`, which has the shape of `x`'s, as [N, positions, C], without tokens that have no position; maps are rows. */
export function ofPlaces(x: Feature, value: Value): Value {
  if (x.layout === "tokens") return x.prefix > 0 ? slice(value, 1, x.prefix, x.count) : value;
  return reshape(value, [x.batch, x.height * x.width, x.channels]);
}

/** Converts maps to rows of pixels; the batch size must be known. */
export function asRows(x: FeatureMap): FeatureMap {
  if (x.layout === "rows") return x;
  const value =
    x.layout === "nchw"
      ? reshape(transpose(x.value, [0, 2, 3, 1]), [pixelsOf(x), x.channels])
      : transpose(asColumns(x).value, [1, 0]);
  return { ...x, layout: "rows", value };
}

/** Converts maps to columns of pixels; the batch size must be known. */
export function asColumns(x: FeatureMap): FeatureMap {
  return { ...x, layout: "columns", value: columnsOf(x) };
}

function columnsOf(x: FeatureMap): Value {
  if (x.layout === "columns") return x.value;
  if (x.layout === "blocks") return apart(x.value, blockOf(x), x.height * x.width);
  if (x.layout === "rows") return transpose(x.value, [1, 0]);
  return reshape(transpose(x.value, [1, 0, 2, 3]), [x.channels, pixelsOf(x)]);
}

/** Returns whether the maps can be stored as `blocks` on the machine that runs the graph. */
export function fitsBlocks({ value, batch }: FeatureMap): boolean {
  const { block } = value.graph;
  return block !== undefined && value.dtype === "float32" && typeof batch === "number" && batch % block === 0;
}

/** Converts maps to columns in blocks of images, which must fit. */
export function asBlocks(x: FeatureMap): FeatureMap {
  if (x.layout === "blocks") return x;
  return { ...x, layout: "blocks", value: together(columnsOf(x), blockOf(x), x.height * x.width) };
}

/** Returns how many images are interleaved in `blocks`. */
export function blockOf({ value }: FeatureMap): number {
  return value.graph.block as number;
}

/** Converts maps to images [N, C, H, W]. */
export function asPictures(x: FeatureMap): FeatureMap {
  if (x.layout === "nchw") return x;
  const { batch, channels, height, width } = x;
  const value =
    x.layout === "rows"
      ? transpose(reshape(x.value, [batch, height, width, channels]), [0, 3, 1, 2])
      : transpose(reshape(columnsOf(x), [channels, batch, height, width]), [1, 0, 2, 3]);
  return { ...x, layout: "nchw", value };
}

/** Converts maps to the layout of others, so that they can be joined. */
export function asLayout(layout: Layout, x: FeatureMap): FeatureMap {
  if (layout === "rows") return asRows(x);
  if (layout === "columns") return asColumns(x);
  return layout === "blocks" ? asBlocks(x) : asPictures(x);
}

/** Converts the pixels of maps to tokens, line by line. */
export function asTokens(x: FeatureMap): Tokens {
  const { batch, channels, height, width } = x;
  const shape = [batch, height * width, channels];
  const value =
    x.layout === "nchw"
      ? transpose(reshape(x.value, [batch, channels, height * width]), [0, 2, 1])
      : reshape(asRows(x).value, shape);
  return tokensOf(value);
}

/** Converts tokens, one per pixel of maps of this size, to such maps: images, or in `layout`. */
export function asMaps(x: Tokens, height: number, width: number, layout: Layout): FeatureMap {
  const { batch, channels, count } = x;
  if (count !== height * width)
    throw new GraphError(`${count} tokens are not maps of ${height} × ${width} pixels`);
  if (layout !== "nchw") {
    const value = reshape(x.value, [(batch as number) * count, channels]);
    return asLayout(layout, { value, layout: "rows", batch, channels, height, width });
  }
  const value = reshape(transpose(x.value, [0, 2, 1]), [batch, channels, height, width]);
  return { value, layout, batch, channels, height, width };
}

/** Returns a window that slides over maps; `ceil`: a last, partly covered window counts. */
export function windowOver(
  { batch, height, width }: FeatureMap,
  window: Pick<Window, "kernel" | "stride" | "padding" | "after"> & { readonly ceil?: boolean },
): Window {
  const { kernel, stride, padding, after, ceil } = window;
  return { batch: batch as number, height, width, kernel, stride, padding, after, ceil: ceil ? 1 : 0 };
}

function pixelsOf({ batch, height, width }: FeatureMap): number {
  if (typeof batch !== "number") throw new GraphError("layers that train need a fixed batch size");
  return batch * height * width;
}
