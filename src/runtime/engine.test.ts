/** The worker of an engine, and its termination. */

import { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { mul } from "../ops/mul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { nextName } from "../program/program.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { floatTensor } from "../util/tensor.ts";
import { startEngine } from "./engine.node.ts";
import { openSession } from "./session.node.ts";

test("closing within a run waits for its end: ended at once, the worker would abort the process", async () => {
  const engine = startEngine({ device: "cpu", threads: 1 });
  const open = await engine.open(loadBundle("vultus_m").program);
  const shape = [32, 96, 96, 3];
  const data = new Uint8Array(32 * 96 * 96 * 3);
  const run = open.run({ pictures: { dtype: "uint8", shape, data } });
  await engine.close();
  expect((await run).probabilities?.shape).toEqual([32, 6]);
  await expect(open.state()).rejects.toThrow("closed");
});

test("an engine whose worker failed says why, also to what is asked after its exit", async () => {
  const unref = vi.spyOn(Worker.prototype, "unref");
  const engine = startEngine({ device: "cpu", threads: 1 });
  const worker = unref.mock.contexts[0] as Worker;
  unref.mockRestore();
  const exit = new Promise((resolve) => worker.once("exit", resolve));
  // Not a question, so the handler fails outside its try block.
  worker.postMessage(undefined);
  await exit;
  await expect(engine.open(loadBundle("vultus_m").program)).rejects.toThrow("the engine's worker failed: ");
});

test("results are written into the arrays that are given, without a copy, and errors still arrive", async () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [2]);
  graph.output(nextName("x"), mul(x, 2));
  graph.output("sum", reduceSum(x));
  const session = await openSession(encode(graph, "double"), { device: "cpu", threads: 1, carries: ["x"] });
  const [next, sum] = [floatTensor([2], [0, 0]), floatTensor([], [0])];
  const feeds = { x: floatTensor([2], [3, 4]) };
  const results = await session.run(feeds, { [nextName("x")]: next, sum });
  expect(results[nextName("x")]?.data).toBe(next.data);
  expect([...next.data, ...sum.data]).toEqual([6, 8, 7]);
  // Results without a given array are new.
  expect((await session.run(feeds)).sum?.data).toEqual(Float32Array.of(7));
  await expect(
    session.run({ x: floatTensor([3], [1, 2, 3]) }, { [nextName("x")]: next, sum }),
  ).rejects.toThrow("invalid dimensions");
  await session.release();
});
