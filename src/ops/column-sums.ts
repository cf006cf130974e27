/** Sums of the columns of matrices as products, which run several times as fast as ONNX Runtime's reduction over the first axis. */

import { known } from "../graph/infer.ts";
import type { Value } from "../graph/types.ts";
import { matmul } from "./matmul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { reshape } from "./reshape.ts";

/** The sums of the columns of [R, C]: [C]. Half floats are left to the reduction, which adds them up in float32. */
export function columnSums(x: Value): Value {
  if (x.dtype !== "float32") return reduceSum(x, [0]);
  const [rows, columns] = known(x.shape, "a sum over rows") as [number, number];
  // Fewer rows at a time are not worth a product.
  const pieces = piecesOf(rows, 256);
  const ones = x.graph.once(`${pieces} rows of ${rows / pieces} ones`, () =>
    x.graph.constant("float32", [pieces, 1, rows / pieces], new Float32Array(rows).fill(1)),
  );
  const sums = matmul(ones, reshape(x, [pieces, rows / pieces, columns]));
  return pieces === 1 ? reshape(sums, [columns]) : reduceSum(sums, [0, 1]);
}

/** The greatest number of equal pieces of at least `least` rows, and at most 64. */
export function piecesOf(rows: number, least: number): number {
  let pieces = Math.max(1, Math.min(64, Math.floor(rows / least)));
  while (rows % pieces !== 0) pieces--;
  return pieces;
}
