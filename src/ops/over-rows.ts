/**
 * Sums over the rows of matrices, as products, which run several times as fast as ONNX Runtime's reduction over the
 * first axis. Tall matrices are cut into pieces of rows whose results are added up: a product over many rows with a small
 * result would otherwise be the work of one core of a CPU, or of a few of the hundreds of a GPU.
 */

import { known } from "../graph/infer.ts";
import type { Value } from "../graph/types.ts";
import { gemm } from "./gemm.ts";
import { matmul, swapLast } from "./matmul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";

/** The sums of the columns of [R, C]: [C]. Half floats are left to the reduction, which adds them up in float32. */
export function columnSums(x: Value): Value {
  if (x.dtype !== "float32") return reduceSum(x, [0]);
  const [rows, columns] = extents(x);
  // Fewer rows at a time are not worth a product.
  const pieces = piecesOf(rows, 256);
  const ones = x.graph.once(`${pieces} rows of ${rows / pieces} ones`, () =>
    x.graph.constant("float32", [pieces, 1, rows / pieces], new Float32Array(rows).fill(1)),
  );
  const sums = matmul(ones, reshape(x, [pieces, rows / pieces, columns]));
  return pieces === 1 ? reshape(sums, [columns]) : reduceSum(sums, [0, 1]);
}

/** Aᵀ·B of [R, M] and [R, N], as the gradient of a weight is made: [M, N]. */
export function productOverRows(a: Value, b: Value): Value {
  const [rows, m] = extents(a);
  const [, n] = extents(b);
  // With fewer rows the pieces' results, which must be added up, weigh too much.
  const pieces = piecesOf(rows, 8 * Math.max(m, n));
  if (pieces === 1) return gemm(a, b, { transA: true });
  const cut = (x: Value, columns: number): Value => reshape(x, [pieces, rows / pieces, columns]);
  return reduceSum(matmul(swapLast(cut(a, m)), cut(b, n)), [0]);
}

/** The greatest number of equal pieces of at least `least` rows, and at most 64. */
function piecesOf(rows: number, least: number): number {
  let pieces = Math.max(1, Math.min(64, Math.floor(rows / least)));
  while (rows % pieces !== 0) pieces--;
  return pieces;
}

function extents(x: Value): readonly [number, number] {
  return known(x.shape, "a sum over rows") as [number, number];
}
