/** One more row, at which a table of rows points for what lies outside of an image. */

import type { Value } from "../graph/types.ts";
import { toFloat16 } from "../util/half.ts";
import { arrayOf } from "../util/tensor.ts";
import { concat } from "./concat.ts";

/** `x` [N, R, C] with a row of `fill` at the end of each: [N, R + 1, C]. */
export function withRow(x: Value, fill: number): Value {
  const [batch, , channels] = x.shape as [number, number, number];
  const data = arrayOf(x.dtype, batch * channels) as Float32Array | Uint16Array;
  if (fill !== 0) data.fill(x.dtype === "float16" ? toFloat16(fill) : fill);
  return concat([x, x.graph.constant(x.dtype, [batch, 1, channels], data, "outside")], 1);
}
