/**
 * Products over the rows of matrices, as the gradients of weights are. Tall matrices are cut into pieces of rows whose results are
 * added up: a product over many rows with a small result would otherwise be the work of one core of a CPU, or of a few of the
 * hundreds of a GPU.
 */

import { known } from "../graph/infer.ts";
import type { Value } from "../graph/types.ts";
import { blockedProduct, blockedProductGains } from "./blocked-product.ts";
import { piecesOf } from "./column-sums.ts";
import { gemm } from "./gemm.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";

/** Aᵀ·B of [R, M] and [R, N], as the gradient of a weight is made: [M, N]. */
export function productOverRows(a: Value, b: Value): Value {
  if (blockedProductGains(a, b)) return blockedProduct(a, b);
  const [rows, m] = extents(a);
  const [, n] = extents(b);
  // With fewer rows the pieces' results, which must be added up, weigh too much.
  const pieces = piecesOf(rows, 8 * Math.max(m, n));
  if (pieces === 1) return gemm(a, b, { transA: true });
  const cut = (x: Value, columns: number): Value => reshape(x, [pieces, rows / pieces, columns]);
  return reduceSum(matmul(swapLast(cut(a, m)), cut(b, n)), [0]);
}

function extents(x: Value): readonly [number, number] {
  return known(x.shape, "a sum over rows") as [number, number];
}
