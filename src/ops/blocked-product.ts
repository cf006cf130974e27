/**
 * The product Aᵀ·B of tall matrices as a 1×1 convolution in ONNX Runtime's blocked layout: rows are channels, the
 * columns of A are pixels, and the columns of B are filters. `Gemm` repacks both matrices for every tile and reads A by
 * columns; here each is converted to blocks once.
 */

import { type Dim, type Value } from "../graph/types.ts";
import { blockedColumns, blockedGroups, rowsIntoBlocks, rowsOutOfBlocks } from "./blocked-conv.ts";
import { reshape } from "./reshape.ts";

/**
 * Minimum number of rows, and of columns of both matrices together, for blocks to pay off: they save 9 to 17 % of the
 * time on a CPU.
 */
const [ROWS, COLUMNS] = [2048, 1536];

/** Returns whether Aᵀ·B of `a` [R, M] and `b` [R, N] is faster in blocks on the machine that runs the graph. */
export function blockedProductGains(a: Value, b: Value): boolean {
  const { block } = a.graph;
  const [rows, m, n] = [a.shape[0], a.shape[1], b.shape[1]] as [Dim, Dim, Dim];
  if (block === undefined || a.dtype !== "float32") return false;
  if (typeof rows !== "number" || typeof m !== "number" || typeof n !== "number") return false;
  return rows >= ROWS && m + n >= COLUMNS && rows % block === 0 && m % block === 0 && n % block === 0;
}

/** Aᵀ·B: [M, N]. */
export function blockedProduct(a: Value, b: Value): Value {
  const [rows, n] = b.shape as [number, number];
  const filters = reshape(rowsIntoBlocks(b, 1, rows, 1), [n, rows, 1, 1]);
  const y = blockedGroups(blockedColumns(a), filters, 1, { before: [0, 0], after: [0, 0] });
  return rowsOutOfBlocks(y);
}
