import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Value } from "../graph/types.ts";
import { blockOf } from "../runtime/blocks.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { floatTensor } from "../util/tensor.ts";
import { gemm } from "./gemm.ts";
import { mul } from "./mul.ts";
import { productOverRows } from "./over-rows.ts";
import { reduceSum } from "./reduce-sum.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }), "cpu");
const block = await blockOf(engine);

const [ROWS, M, N] = [2064, 528, 1040];
const shapes = { a: [ROWS, M], b: [ROWS, N], w: [N, M], v: [M, N] };
const feeds = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => [
    name,
    floatTensor(shape, Float32Array.from(normal64(shape, name).data)),
  ]),
);

/** Aᵀ·B, and the gradients of dense layers' weights in either orientation: of W [N, M] and of V [M, N]. */
async function products(block: number | undefined) {
  const graph = new Graph(block);
  const [a, b, w, v] = Object.entries(shapes).map(([name, shape]) => graph.input(name, "float32", shape)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  graph.output("product", productOverRows(a, b));
  const gradient = (weight: Value, transB: boolean): Value =>
    gradients(reduceSum(mul(gemm(a, weight, { transB }), b)), [weight])[0] as Value;
  graph.output("transposed", gradient(w, true));
  graph.output("plain", gradient(v, false));
  const file = encode(graph, "products");
  const session = await openSession(file, { device: "cpu", threads: 2 });
  const results = await session.run(feeds);
  await session.release();
  return { results, blocked: new TextDecoder("latin1").decode(file).includes("nchwc") };
}

test.skipIf(block === undefined)("products in blocks are those without", async () => {
  const [plain, blocked] = [await products(undefined), await products(block)];
  expect([plain.blocked, blocked.blocked]).toEqual([false, true]);
  for (const [name, { shape, data }] of Object.entries(plain.results)) {
    expect(blocked.results[name]?.shape).toEqual(shape);
    let most = 0;
    for (const [i, value] of data.entries())
      most = Math.max(most, Math.abs(Number(value) - Number(blocked.results[name]?.data[i])));
    expect(most, name).toBeLessThan(1e-5 * Math.sqrt(ROWS));
  }
});
