/** The canvas on which the pictures of a batch are packed, and what graphs do with it first. */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";

/** Extent of the canvas in pixels; pictures lie at its upper left. One channel is grey, three are RGB. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Width and height of a picture on the canvas. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** The packed pictures as a feed [N, C, H, W] of bytes, and as floats from 0 to 1. */
export function canvasInput(
  graph: Value["graph"],
  batch: number | string,
  { channels, height, width }: Canvas,
): Value {
  const bytes = graph.input("pictures", "uint8", [batch, channels, height, width]);
  return mul(cast(bytes, "float32"), 1 / 255);
}
