/** Means and maxima of maps, over the pixels of each channel or the channels of each pixel, and products with these numbers. */

import type { Dim, Value } from "../graph/types.ts";
import { depthwiseConv } from "../ops/depthwise-conv.ts";
import { expand } from "../ops/expand.ts";
import { globalAveragePool } from "../ops/global-average-pool.ts";
import { mul } from "../ops/mul.ts";
import { reduceMax } from "../ops/reduce-max.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { reshape } from "../ops/reshape.ts";
import { asLayout, blockOf, type Feature, type FeatureMap } from "./features.ts";

const reducers = { mean: reduceMean, max: reduceMax };

export type Pooling = keyof typeof reducers;

/** Returns one number per channel, as maps of one pixel. */
export function poolPixels(x: FeatureMap, pooling: Pooling): FeatureMap {
  const one = { ...x, height: 1, width: 1 };
  if (x.layout === "nchw")
    return {
      ...one,
      value: pooling === "mean" ? globalAveragePool(x.value) : reduceMax(x.value, [2, 3], true),
    };
  const { shape, pixels } = byPicture(x);
  const value = reducers[pooling](reshape(x.value, shape), [pixels]);
  return { ...one, value: x.layout === "blocks" ? reshape(value, [x.channels, x.batch]) : value };
}

/** Returns one number per pixel, as maps of one channel. */
export function poolChannels(x: FeatureMap, pooling: Pooling): FeatureMap {
  const value = reducers[pooling](x.value, [x.layout === "rows" || x.layout === "nchw" ? 1 : 0], true);
  return { ...x, channels: 1, value };
}

/** Multiplies `x` by numbers from `poolPixels` or `poolChannels`. */
export function scaled(x: FeatureMap, gate: FeatureMap): FeatureMap {
  const factors = asLayout(x.layout, gate).value;
  if (x.layout === "nchw" || gate.channels === 1) return { ...x, value: mul(x.value, factors) };
  if (x.layout === "blocks") return { ...x, value: scaledMaps(x, factors) };
  const { shape, pixels } = byPicture(x);
  const value = mul(reshape(x.value, shape), reshape(factors, shape.with(pixels, 1)));
  return { ...x, value: reshape(value, x.value.shape) };
}

/** Returns the value of `x` times a factor per image, `factors` [N]. */
export function byFactors(x: Feature, factors: Value): Value {
  const { value, layout, channels } = x;
  if (layout === "blocks")
    return scaledMaps(x, expand(reshape(factors, [1, -1]), [channels, factors.shape[0] as Dim]));
  const shape = layout === "columns" ? [channels, x.batch, -1] : [x.batch, -1, channels];
  const each = reshape(factors, layout === "columns" ? [1, -1, 1] : [-1, 1, 1]);
  return reshape(mul(reshape(value, shape), each), value.shape);
}

/** Multiplies each map in blocks by a number, as a convolution with one tap: a product would broadcast one block at a time. */
function scaledMaps(x: FeatureMap, factors: Value): Value {
  const { value, batch, channels, height, width } = x;
  const maps = channels * (batch as number);
  const tap = { kernel: 1, stride: 1, padding: 0, after: 0, ceil: 0, block: blockOf(x) };
  const window = { ...tap, batch: 1, height, width };
  const pixels = reshape(value, [maps, height * width]);
  return reshape(depthwiseConv(pixels, reshape(factors, [maps, 1]), undefined, window), value.shape);
}

/** Reshapes rows or columns so that the pixels of each image have a separate axis. */
function byPicture(x: FeatureMap): {
  readonly shape: Dim[];
  readonly pixels: number;
} {
  const { layout, batch, channels, height, width } = x;
  const count = height * width;
  if (layout === "rows") return { shape: [batch, count, channels], pixels: 1 };
  if (layout === "columns") return { shape: [channels, batch, count], pixels: 2 };
  const block = blockOf(x);
  return { shape: [channels, (batch as number) / block, count, block], pixels: 2 };
}
