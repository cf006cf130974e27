/** Tests of activations beyond their operators' cases: in half precision, far from 0, and as ONNX Runtime runs them. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { tensor64 } from "../graph/tensor64.ts";
import type { Value } from "../graph/types.ts";
import { openSession } from "../runtime/session.node.ts";
import { fromFloat16, toFloat16 } from "../util/half.ts";
import type { Tensor } from "../util/tensor.ts";
import { conv } from "./conv.ts";
import { gelu } from "./gelu.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";
import { hardSwish } from "./hard-swish.ts";
import { neg } from "./neg.ts";
import { reduceSum } from "./reduce-sum.ts";
import { relu6 } from "./relu6.ts";
import { silu } from "./silu.ts";

const activations: Readonly<Record<string, (x: Value) => Value>> = {
  relu6,
  silu,
  hardSwish,
  hardSigmoid: (x) => hardSigmoid(x),
  gelu: (x) => gelu(x),
  "gelu by tanh": (x) => gelu(x, "tanh"),
};

/** The results of both graphs: the function and its derivative. */
function both(graph: Graph, x: Value, f: (x: Value) => Value): [Value, Value] {
  const y = f(x);
  const derivative = gradients(reduceSum(y), [x])[0] as Value;
  graph.output("y", y);
  graph.output("derivative", derivative);
  return [y, derivative];
}

async function run(graph: Graph, x: Tensor): Promise<Readonly<Record<string, Tensor>>> {
  const session = await openSession(encode(graph, "activation"), { device: "cpu", threads: 1 });
  const results = await session.run({ x });
  await session.release();
  return results;
}

describe.each(Object.entries(activations))("%s", (_, f) => {
  test("in half precision", async () => {
    const graph = new Graph();
    const numbers = [-300, -9, -2.5, -0.75, -0.125, 0.25, 1.5, 2.75, 7, 300];
    const shape = [numbers.length];
    const [y, derivative] = both(graph, graph.input("x", "float16", shape), f);
    const feeds = new Map([["x", tensor64(shape, numbers, "float16")]]);
    const expected = evaluate([y, derivative], feeds);
    const results = await run(graph, {
      dtype: "float16",
      shape,
      data: Uint16Array.from(numbers, toFloat16),
    });
    for (const [i, name] of ["y", "derivative"].entries()) {
      const halves = Array.from(results[name]?.data as Uint16Array, fromFloat16);
      for (const [j, v] of (expected[i]?.data ?? []).entries())
        expect(Math.abs((halves[j] as number) - v)).toBeLessThan(4e-3 * Math.max(1, Math.abs(v)));
    }
  });

  test("far from 0", async () => {
    const graph = new Graph();
    const data = Float32Array.of(-1e30, -1e4, 1e4, 1e30);
    both(graph, graph.input("x", "float32", [4]), f);
    const { y, derivative } = await run(graph, { dtype: "float32", shape: [4], data });
    // Negative numbers give 0; positive ones give the number itself, or a limit.
    const right = y?.data[2];
    const slope = right === 1e4 ? 1 : 0;
    expect(Array.from(y?.data as Float32Array, Math.abs).slice(0, 2)).toEqual([0, 0]);
    expect(Array.from(derivative?.data as Float32Array, (v) => v || 0)).toEqual([0, 0, slope, slope]);
  });
});

test.each([
  ["relu6", [0, 0, 1, 1, 0, 0]],
  ["hardSigmoid", [1 / 6, 1 / 6, 1 / 6, 0, 0, 0]],
] as const)("the derivative of %s at its limits is PyTorch's", (name, expected) => {
  const graph = new Graph();
  const numbers = tensor64([6], [-1, 0, 1, 3, 6, 7]);
  const f = activations[name] as (x: Value) => Value;
  const [, derivative] = both(graph, graph.input("x", "float32", [6]), f);
  const [result] = evaluate([derivative], new Map([["x", numbers]]));
  for (const [i, v] of expected.entries()) expect(result?.data[i]).toBeCloseTo(v, 6);
});

/** Returns the types of the nodes in ONNX Runtime's optimised graph, in execution order. */
async function optimized(graph: Graph, feed: Tensor): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "vultus-activations-"));
  try {
    const options = { device: "cpu", threads: 1, profile: join(folder, "profile") } as const;
    const session = await openSession(encode(graph, "activation"), options);
    await session.run({ x: feed });
    await session.release();
    const [file] = readdirSync(folder) as [string];
    const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      name: string;
      args?: { op_name?: string };
    }[];
    return events.flatMap(({ name, args }) => (name.endsWith("_kernel_time") ? (args?.op_name ?? []) : []));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const zeros = (...shape: number[]): Tensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b)),
});

test.each([
  ["relu6", ["Clip"]],
  ["silu", ["QuickGelu"]],
  ["hardSwish", ["HardSigmoid", "Mul"]],
  ["gelu", ["Gelu"]],
  ["gelu by tanh", ["FastGelu"]],
] as const)("ONNX Runtime runs %s in as few passes as it can", async (name, expected) => {
  const graph = new Graph();
  const y = (activations[name] as (x: Value) => Value)(graph.input("x", "float32", ["N", 8]));
  // ONNX Runtime does not always fuse nodes whose result is an output of the graph.
  graph.output("y", neg(y));
  expect(await optimized(graph, zeros(3, 8))).toEqual([...expected, "Neg"]);
});

test("the gradient of gelu leaves the forward pass one pass", async () => {
  const graph = new Graph();
  both(graph, graph.input("x", "float32", [3, 8]), activations.gelu as (x: Value) => Value);
  const nodes = await optimized(graph, zeros(3, 8));
  expect(nodes.filter((type) => type === "Gelu" || type === "Erf").sort()).toEqual(["Erf", "Gelu"]);
});

// Other processors have no blocked layout.
test.runIf(process.arch === "x64").each([
  ["relu6", []],
  ["silu", ["QuickGelu"]],
  ["hardSwish", []],
  ["gelu", ["Gelu"]],
] as const)("%s between convolutions stays in their layout", async (name, expected) => {
  const graph = new Graph();
  const filter = graph.constant("float32", [16, 16, 1, 1], new Float32Array(256).fill(0.1));
  const first = conv(graph.input("x", "float32", ["N", 16, 5, 5]), filter, undefined, 1, 0);
  const between = (activations[name] as (x: Value) => Value)(first);
  graph.output("y", conv(between, filter, undefined, 1, 0));
  const nodes = await optimized(graph, zeros(1, 16, 5, 5));
  expect(nodes).toEqual(["ReorderInput", "Conv", ...expected, "Conv", "ReorderOutput"]);
});
