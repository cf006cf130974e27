/**
 * Scaled dot-product attention (Vaswani et al. 2017), softmax(q·kᵀ/√d)·v, built from plain operators. The scale is
 * applied to the smaller tensor: to q, before the product.
 */

import type { Value } from "../graph/types.ts";
import { matmul, swapLast } from "./matmul.ts";
import { mul } from "./mul.ts";
import { softmax } from "./softmax.ts";

/** Queries `q` [N, heads, T, d], keys `k` [N, heads, S, d] and values `v` [N, heads, S, e]: [N, heads, T, e]. */
export function attention(q: Value, k: Value, v: Value): Value {
  const scaled = mul(q, 1 / Math.sqrt(q.shape.at(-1) as number));
  return matmul(softmax(matmul(scaled, swapLast(k))), v);
}
