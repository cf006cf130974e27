/** An extra row, which index tables use for places outside an image. */

import type { Value } from "../graph/types.ts";
import { toFloat16 } from "../util/half.ts";
import { arrayOf } from "../util/tensor.ts";
import { concat } from "./concat.ts";

/** Returns `x` [N, R, C] with a row of `fill` appended to each image: [N, R + 1, C]. */
export function withRow(x: Value, fill: number): Value {
  const [batch, , channels] = x.shape as [number, number, number];
  const data = arrayOf(x.dtype, batch * channels) as Float32Array | Uint16Array;
  if (fill !== 0) data.fill(x.dtype === "float16" ? toFloat16(fill) : fill);
  return concat([x, x.graph.constant(x.dtype, [batch, 1, channels], data, "outside")], 1);
}
