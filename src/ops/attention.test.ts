/** Tests attention and layer normalisation with a batch size known only at run time, and attention's gradient. */

import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Tensor64 } from "../graph/types.ts";
import { openSession } from "../runtime/session.node.ts";
import { attention } from "./attention.ts";
import { layerNorm } from "./layer-normalization.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";

const names = ["q", "k", "v"] as const;

/** softmax(q·kᵀ/√d)·v, written out for one head. */
function oneHead(q: Float64Array, k: Float64Array, v: Float64Array, d: number): number[] {
  const rows = (x: Float64Array): number[][] =>
    Array.from({ length: x.length / d }, (_, i) => [...x.subarray(i * d, (i + 1) * d)]);
  const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
  return rows(q).flatMap((asked) => {
    const weights = rows(k).map((row) => Math.exp(dot(asked, row) / Math.sqrt(d)));
    const total = weights.reduce((a, b) => a + b, 0);
    const column = (i: number): number[] => rows(v).map((row) => row[i] as number);
    return Array.from({ length: d }, (_, i) => dot(weights, column(i)) / total);
  });
}

test("attention of a batch of any size", async () => {
  const graph = new Graph();
  const [heads, tokens, d] = [3, 5, 7];
  const [q, k, v] = names.map((name) => graph.input(name, "float32", ["N", heads, tokens, d]));
  graph.output("y", attention(q as never, k as never, v as never));
  expect(graph.outputs.get("y")?.shape).toEqual(["N", heads, tokens, d]);
  const session = await openSession(encode(graph, "attention"), { device: "cpu", threads: 1 });
  for (const batch of [1, 2]) {
    const shape = [batch, heads, tokens, d];
    const inputs = names.map((name) => normal64(shape, name).data);
    const feeds = names.map((name, i) => [
      name,
      { dtype: "float32" as const, shape, data: Float32Array.from(inputs[i] as Float64Array) },
    ]);
    const { y } = await session.run(Object.fromEntries(feeds));
    const size = tokens * d;
    const expected = Array.from({ length: batch * heads }, (_, i) => {
      const [qs, ks, vs] = inputs.map((x) => x.subarray(i * size, (i + 1) * size));
      return oneHead(qs as Float64Array, ks as Float64Array, vs as Float64Array, d);
    }).flat();
    for (const [i, number] of expected.entries()) expect(y?.data[i]).toBeCloseTo(number, 5);
  }
  await session.release();
});

test("the gradient of attention equals central differences", () => {
  const graph = new Graph();
  const shapes = { q: [1, 2, 3, 5], k: [1, 2, 4, 5], v: [1, 2, 4, 3] };
  const [q, k, v] = names.map((name) => graph.input(name, "float32", shapes[name]));
  const result = attention(q as never, k as never, v as never);
  const weights = Float32Array.from(normal64([1, 2, 3, 3], "weights").data);
  const loss = reduceSum(mul(result, graph.constant("float32", [1, 2, 3, 3], weights)));
  const feeds = new Map(names.map((name) => [name as string, normal64(shapes[name], name)]));
  const exact = evaluate(gradients(loss, [q, k, v] as never), feeds);
  const h = 1e-5;
  for (const [place, name] of names.entries()) {
    const x = feeds.get(name) as Tensor64;
    for (let i = 0; i < x.data.length; i++) {
      const at = (by: number): number => {
        const shifted = { ...x, data: x.data.map((value, j) => (i === j ? value + by : value)) };
        return evaluate([loss], new Map(feeds).set(name, shifted))[0]?.data[0] as number;
      };
      expect(exact[place]?.data[i]).toBeCloseTo((at(h) - at(-h)) / (2 * h), 6);
    }
  }
});

test("layer normalisation of a batch of any size", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", ["N", 2, 3]);
  const row = (...numbers: number[]) => graph.constant("float32", [3], Float32Array.from(numbers));
  graph.output("y", layerNorm(x, row(1, 2, 3), row(0, 10, 20), 0));
  const session = await openSession(encode(graph, "norm"), { device: "cpu", threads: 1 });
  const data = Float32Array.of(1, 2, 3, -4, 0, 4);
  const { y } = await session.run({ x: { dtype: "float32", shape: [1, 2, 3], data } });
  await session.release();
  const a = Math.sqrt(1.5);
  for (const [i, expected] of [-a, 10, 20 + 3 * a, -a, 10, 20 + 3 * a].entries())
    expect(y?.data[i]).toBeCloseTo(expected, 5);
});
