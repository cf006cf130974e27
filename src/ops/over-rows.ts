/**
 * Products over the rows of matrices, such as gradients of weights. Tall matrices are split into pieces of rows whose
 * results are summed: otherwise a product over many rows with a small result would run on a single core of a CPU, or on
 * a few of the hundreds of a GPU.
 */

import { known } from "../graph/infer.ts";
import type { Value } from "../graph/types.ts";
import { blockedProduct, blockedProductGains } from "./blocked-product.ts";
import { piecesOf } from "./column-sums.ts";
import { gemm } from "./gemm.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";

/** Returns Aᵀ·B of [R, M] and [R, N], the form of a weight's gradient: [M, N]. */
export function productOverRows(a: Value, b: Value): Value {
  if (blockedProductGains(a, b)) return blockedProduct(a, b);
  const [rows, m] = extents(a);
  const [, n] = extents(b);
  // With fewer rows, summing the pieces' results costs too much.
  const pieces = piecesOf(rows, 8 * Math.max(m, n));
  if (pieces === 1) return gemm(a, b, { transA: true });
  const cut = (x: Value, columns: number): Value => reshape(x, [pieces, rows / pieces, columns]);
  return reduceSum(matmul(swapLast(cut(a, m)), cut(b, n)), [0]);
}

function extents(x: Value): readonly [number, number] {
  return known(x.shape, "a sum over rows") as [number, number];
}
