/** Matrix product with optional transposition and a bias per column, or per row: Y = A' B' + C. ONNX opset 13. */

import { apply } from "../graph/graph.ts";
import { requireRank, requireSameDType, show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { blockedProduct, blockedProductGains } from "./blocked-product.ts";
import { columnSums } from "./column-sums.ts";
import { reduceSum } from "./reduce-sum.ts";

type GemmAttributes = { readonly transA: number; readonly transB: number };

export const Gemm: Operator<GemmAttributes, TwoOrThree> = {
  type: "Gemm",
  attributes: { transA: "int", transB: "int" },
  infer: ([a, b, c], attributes) => {
    requireRank(a, 2, "A");
    requireRank(b, 2, "B");
    requireSameDType(a, b);
    const { m, k, k2, n } = extents(a.shape, b.shape, attributes);
    if (k !== k2)
      throw new GraphError(
        `A ${show(a.shape)} and B ${show(b.shape)} do not share their inner extent (${k}, ${k2})`,
      );
    if (c && show(c.shape) !== show([n]) && show(c.shape) !== show([m, 1])) {
      throw new GraphError(`the bias must have shape [${n}] or [${m}, 1], got ${show(c.shape)}`);
    }
    if (c) requireSameDType(a, c);
    return [{ dtype: a.dtype, shape: [m, n] }];
  },
  gradient: ([dy], { inputs: [a, b, c], attributes: { transA, transB } }) => {
    const da = transA
      ? gemm(b, dy, { transA: transB === 1, transB: true })
      : gemm(dy, b, { transB: transB === 0 });
    const [tall, wide] = transB ? [dy, a] : [a, dy];
    const db =
      !transA && blockedProductGains(tall, wide)
        ? blockedProduct(tall, wide)
        : gemm(tall, wide, { transA: transB === 1 || transA === 0, transB: transB === 1 && transA === 1 });
    if (!c) return [da, db];
    if (c.shape.length === 2) return [da, db, reduceSum(dy, [1], true)];
    return [da, db, typeof dy.shape[0] === "number" ? columnSums(dy) : reduceSum(dy, [0])];
  },
  evaluate: ([a, b, c], attributes) => {
    const { m, k, n } = extents(a.shape, b.shape, attributes) as { m: number; k: number; n: number };
    const [ai, ap] = attributes.transA ? [1, m] : [k, 1];
    const [bp, bj] = attributes.transB ? [1, k] : [n, 1];
    const out = tensor64([m, n], undefined, a.dtype);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = c ? (c.data[c.shape.length === 1 ? j : i] as number) : 0;
        for (let p = 0; p < k; p++)
          sum += (a.data[i * ai + p * ap] as number) * (b.data[p * bp + j * bj] as number);
        out.data[i * n + j] = sum;
      }
    }
    return [out];
  },
  cases: [
    { inputs: [normal64([3, 5]), normal64([5, 2])], attributes: { transA: 0, transB: 0 } },
    { inputs: [normal64([5, 3]), normal64([5, 2]), normal64([2])], attributes: { transA: 1, transB: 0 } },
    { inputs: [normal64([1, 5]), normal64([2, 5]), normal64([2])], attributes: { transA: 0, transB: 1 } },
    { inputs: [normal64([5, 3]), normal64([2, 5])], attributes: { transA: 1, transB: 1 } },
    // A bias per row.
    { inputs: [normal64([3, 5]), normal64([5, 2]), normal64([3, 1])], attributes: { transA: 0, transB: 0 } },
  ],
};

/** `a` and `b` are matrices, `bias` a row that is added to every row of their product. */
export function gemm(
  a: Value,
  b: Value,
  options: { bias?: Value | undefined; transA?: boolean; transB?: boolean } = {},
): Value {
  const { bias, transA, transB } = options;
  return apply(Gemm, bias ? [a, b, bias] : [a, b], { transA: transA ? 1 : 0, transB: transB ? 1 : 0 });
}

function extents<D extends Dim>(a: readonly D[], b: readonly D[], { transA, transB }: GemmAttributes) {
  const [m, k] = transA ? [a[1], a[0]] : [a[0], a[1]];
  const [k2, n] = transB ? [b[1], b[0]] : [b[0], b[1]];
  return { m: m as D, k: k as D, k2: k2 as D, n: n as D };
}
