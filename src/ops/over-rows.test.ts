/** Sums over rows equal those of a plain loop, whether or not the rows are split into pieces. */

import { expect, test } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { openSession } from "../runtime/session.node.ts";
import { random } from "../util/random.ts";
import { type FloatTensor, floatTensor } from "../util/tensor.ts";
import { columnSums } from "./column-sums.ts";
import { productOverRows } from "./over-rows.ts";

// 64 pieces; 10; 3, because 5 is not a divisor; a prime number, which cannot be split; too few rows to be worth splitting.
test.each([16384, 2570, 1287, 1289, 17])("%i rows", async (rows) => {
  const rng = random("rows", rows);
  const matrix = (columns: number): FloatTensor =>
    floatTensor([rows, columns], Float32Array.from({ length: rows * columns }, rng.normal));
  const [a, b] = [matrix(3), matrix(5)];
  const graph = new Graph();
  const [x, y] = [graph.input("a", "float32", a.shape), graph.input("b", "float32", b.shape)];
  graph.output("sums", columnSums(x));
  graph.output("product", productOverRows(x, y));
  const session = await openSession(encode(graph, "over rows"), { device: "cpu", threads: 2 });
  const { sums, product } = await session.run({ a, b });
  await session.release();

  const wantedSums = new Float64Array(3);
  const wantedProduct = new Float64Array(15);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < 3; i++) {
      const value = a.data[r * 3 + i] as number;
      wantedSums[i] = (wantedSums[i] as number) + value;
      for (let j = 0; j < 5; j++)
        wantedProduct[i * 5 + j] =
          (wantedProduct[i * 5 + j] as number) + value * (b.data[r * 5 + j] as number);
    }
  }
  expect(sums?.shape).toEqual([3]);
  expect(product?.shape).toEqual([3, 5]);
  for (const [found, wanted] of [
    [sums, wantedSums],
    [product, wantedProduct],
  ] as const) {
    for (const [i, value] of wanted.entries())
      expect(Math.abs(Number(found?.data[i]) - value)).toBeLessThan(2e-5 * Math.sqrt(rows));
  }
});
