/** Means and maxima of maps, over the pixels of each channel or over the channels of each pixel, and products with such numbers. */

import type { Dim } from "../graph/types.ts";
import { globalAveragePool } from "../ops/global-average-pool.ts";
import { mul } from "../ops/mul.ts";
import { reduceMax } from "../ops/reduce-max.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { reshape } from "../ops/reshape.ts";
import { asLayout, type FeatureMap } from "./features.ts";

const reducers = { mean: reduceMean, max: reduceMax };

export type Pooling = keyof typeof reducers;

/** One number for each channel, as maps of one pixel. */
export function poolPixels(x: FeatureMap, pooling: Pooling): FeatureMap {
  const one = { ...x, height: 1, width: 1 };
  if (x.layout === "nchw")
    return {
      ...one,
      value: pooling === "mean" ? globalAveragePool(x.value) : reduceMax(x.value, [2, 3], true),
    };
  const { shape, pixels } = byPicture(x);
  return { ...one, value: reducers[pooling](reshape(x.value, shape), [pixels]) };
}

/** One number for each pixel, as maps of one channel. */
export function poolChannels(x: FeatureMap, pooling: Pooling): FeatureMap {
  const value = reducers[pooling](x.value, [x.layout === "columns" ? 0 : 1], true);
  return { ...x, channels: 1, value };
}

/** `x` times the numbers of `poolPixels` or `poolChannels`. */
export function scaled(x: FeatureMap, gate: FeatureMap): FeatureMap {
  const factors = asLayout(x.layout, gate).value;
  if (x.layout === "nchw" || gate.channels === 1) return { ...x, value: mul(x.value, factors) };
  const { shape, pixels } = byPicture(x);
  const value = mul(reshape(x.value, shape), reshape(factors, shape.with(pixels, 1)));
  return { ...x, value: reshape(value, x.value.shape) };
}

/** Rows or columns with the pixels of each picture along an axis of their own. */
function byPicture({ layout, batch, channels, height, width }: FeatureMap): {
  readonly shape: Dim[];
  readonly pixels: number;
} {
  const count = height * width;
  return layout === "rows"
    ? { shape: [batch, count, channels], pixels: 1 }
    : { shape: [channels, batch, count], pixels: 2 };
}
