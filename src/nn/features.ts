/** A batch of feature maps in either of the two layouts in which layers compute. */

import { show } from "../graph/infer.ts";
import type { Dim, Value } from "../graph/types.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import { GraphError } from "../util/errors.ts";

/**
 * `nchw`: [N, C, H, W], for convolutions with constant weights. `rows`: [N·H·W, C], one row a pixel, for training and for
 * Winograd's products.
 */
export type Layout = "nchw" | "rows";

export interface FeatureMap {
  readonly value: Value;
  readonly layout: Layout;
  readonly batch: Dim;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Pictures [N, C, H, W] as a feature map. */
export function pictures(value: Value): FeatureMap {
  const [batch, channels, height, width] = value.shape;
  if (value.shape.length !== 4)
    throw new GraphError(`pictures must be [N, C, H, W], got ${show(value.shape)}`);
  return {
    value,
    layout: "nchw",
    batch: batch as Dim,
    channels: channels as number,
    height: height as number,
    width: width as number,
  };
}

/** The same maps as rows of pixels; the batch must be a number by then. */
export function asRows(x: FeatureMap): FeatureMap {
  if (x.layout === "rows") return x;
  const { batch, channels, height, width } = x;
  if (typeof batch !== "number") throw new GraphError("layers that train need a fixed batch size");
  return {
    ...x,
    layout: "rows",
    value: reshape(transpose(x.value, [0, 2, 3, 1]), [batch * height * width, channels]),
  };
}

/** The same maps as pictures [N, C, H, W]. */
export function asPictures(x: FeatureMap): FeatureMap {
  if (x.layout === "nchw") return x;
  const { batch, channels, height, width } = x;
  const value = transpose(reshape(x.value, [batch, height, width, channels]), [0, 3, 1, 2]);
  return { ...x, layout: "nchw", value };
}

/** The same maps in the layout of others, to be joined with them. */
export function asLayout(layout: Layout, x: FeatureMap): FeatureMap {
  return layout === "rows" ? asRows(x) : asPictures(x);
}
