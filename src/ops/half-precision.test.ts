/** Constants that operators create next to float16 tensors: they are stored as bits, not as numbers. */

import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { openSession } from "../runtime/session.node.ts";
import { fromFloat16, toFloat16 } from "../util/half.ts";
import { sizeOf } from "../util/tensor.ts";
import { slice } from "./concat.ts";
import { layerNorm } from "./layer-normalization.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { withRow } from "./with-row.ts";

/** Applies `f` to the numbers 1, 2, … in half precision, in ONNX Runtime. */
async function halves(shape: readonly number[], f: (x: Value) => Value): Promise<number[]> {
  const graph = new Graph();
  graph.output("y", f(graph.input("x", "float16", shape)));
  const session = await openSession(encode(graph, "halves"), { device: "cpu", threads: 1 });
  const data = Uint16Array.from({ length: sizeOf(shape) }, (_, i) => toFloat16(i + 1));
  const { y } = await session.run({ x: { dtype: "float16", shape, data } });
  await session.release();
  return Array.from(y?.data as Uint16Array, fromFloat16);
}

test("a row of a number at the end of each table", async () => {
  const lowest = -65504;
  expect(await halves([2, 1, 2], (x) => withRow(x, lowest))).toEqual([
    1,
    2,
    lowest,
    lowest,
    3,
    4,
    lowest,
    lowest,
  ]);
});

test("the gradient of a part is zero around it", async () => {
  const gradient = (x: Value): Value => gradients(reduceSum(mul(slice(x, 0, 1, 3), 3)), [x])[0] as Value;
  expect(await halves([4], gradient)).toEqual([0, 3, 3, 0]);
});

test("the gradient of layer normalisation", async () => {
  const first = [1, 0, 0].map(toFloat16);
  const gradient = (x: Value): Value => {
    const row = (numbers: number[]): Value => x.graph.constant("float16", [3], Uint16Array.from(numbers));
    const normal = layerNorm(x, row([1, 1, 1].map(toFloat16)), row([0, 0, 0]), 1e-5);
    return gradients(reduceSum(mul(normal, row(first))), [x])[0] as Value;
  };
  // Rows 1, 2, 3 and 4, 5, 6: their deviation is √(2/3).
  const [a, b] = [Math.sqrt(1.5) / 6, -Math.sqrt(1.5) / 3];
  for (const [i, v] of (await halves([2, 1, 3], gradient)).entries())
    expect(v).toBeCloseTo([a, b, a, a, b, a][i] as number, 2);
});
