import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Tensor64, Value } from "../graph/types.ts";
import { blockOf } from "../runtime/blocks.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { floatTensor } from "../util/tensor.ts";
import { depthwiseConv } from "./depthwise-conv.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { outputSize, type Window, windowAttributes } from "./window.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }), "cpu");
const block = await blockOf(engine);

/** Builds the result, and the gradients of its sum with random weights. */
function build(graph: Graph, channels: number, window: Window & { readonly block?: number }): Value[] {
  const { batch, height, width, kernel } = window;
  const x = graph.input("x", "float32", [channels, batch * height * width]);
  const w = graph.input("w", "float32", [channels, kernel ** 2]);
  const b = graph.input("b", "float32", [channels]);
  const y = depthwiseConv(x, w, b, window);
  const weights = Float32Array.from(normal64(y.shape as number[], "weights").data);
  const loss = reduceSum(mul(y, graph.constant("float32", y.shape as number[], weights)));
  return [y, ...gradients(loss, [x, w, b])];
}

test.skipIf(block === undefined).each([
  [8, windowAttributes(4, 6, 5, 3, 1, 1)],
  [2, windowAttributes(16, 15, 14, 3, 1, 1)],
  [16, windowAttributes(2, 9, 8, 3, 2, 1)],
  [16, windowAttributes(3, 7, 7, 7, 1, 3)],
  [4, windowAttributes(4, 13, 12, 5, 2, 2)],
  // TensorFlow's "same" padding.
  [16, windowAttributes(1, 6, 8, 3, 2, 0, 0, 1)],
  // No window covers the last line and column.
  [16, windowAttributes(1, 8, 10, 3, 2, 0)],
  [16, windowAttributes(2, 1, 1, 3, 1, 1)],
  [4, windowAttributes(4, 11, 10, 3, 3, 1)],
  // Maps that are already interleaved.
  [4, { ...windowAttributes(16, 9, 8, 3, 2, 1), block: block ?? 0 }],
  [2, { ...windowAttributes(16, 7, 7, 5, 1, 2), block: block ?? 0 }],
  [32, { ...windowAttributes(1, 6, 5, 1, 1, 0), block: block ?? 0 }],
  [2, { ...windowAttributes(16, 7, 7, 1, 2, 0), block: block ?? 0 }],
  // The gradient of the images is not a convolution with non-negative padding.
  [16, windowAttributes(1, 7, 7, 1, 2, 0)],
])("%i channels, %o: blocks give what the evaluation gives", async (channels, window) => {
  const graph = new Graph(block);
  for (const [i, value] of build(graph, channels, window).entries()) graph.output(`out${i}`, value);
  const plain = new Graph();
  const { batch, height, width, kernel } = window;
  const feeds: Record<string, Tensor64> = {
    x: normal64([channels, batch * height * width], "x"),
    w: normal64([channels, kernel ** 2], "w"),
    b: normal64([channels], "b"),
  };
  const expected = evaluate(build(plain, channels, window), new Map(Object.entries(feeds)));
  const session = await openSession(encode(graph, "blocks"), { device: "cpu", threads: 2 });
  const results = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { shape, data }]) => [
        name,
        floatTensor(shape, Float32Array.from(data)),
      ]),
    ),
  );
  await session.release();
  const [h, v] = outputSize(window);
  expect(results.out0?.shape).toEqual([channels, batch * h * v]);
  for (const [i, tensor] of expected.entries()) {
    const scale = Math.max(1, ...tensor.data.map(Math.abs));
    expect(results[`out${i}`]?.shape).toEqual(tensor.shape);
    for (const [k, value] of tensor.data.entries())
      expect(Math.abs(Number(results[`out${i}`]?.data[k]) - value)).toBeLessThan(2e-6 * scale);
  }
});

test.skipIf(block === undefined)("maps that fill no block are done without", async () => {
  const graph = new Graph(block);
  graph.output("y", build(graph, 1, windowAttributes(3, 5, 5, 3, 1, 1))[0] as Value);
  expect(new TextDecoder().decode(encode(graph, "plain"))).not.toContain("nchwc");
});

test("a graph of unknown blocks has none", () => {
  const graph = new Graph();
  for (const [i, value] of build(graph, 16, windowAttributes(1, 5, 5, 3, 1, 1)).entries())
    graph.output(`out${i}`, value);
  expect(new TextDecoder().decode(encode(graph, "portable"))).not.toContain("nchwc");
});

test("only an engine on the CPU is asked", async () => {
  const open = () => Promise.reject(new Error("asked"));
  expect(await blockOf({ device: "webgpu", open, close: async () => {} })).toBeUndefined();
  expect(await blockOf({ device: "cpu", open, close: async () => {} })).toBeUndefined();
});
