/** Every registered operator: ONNX Runtime against its evaluation, its gradient against central differences. */

import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { encode } from "../src/graph/encode.ts";
import { evaluate } from "../src/graph/evaluate.ts";
import { Graph } from "../src/graph/graph.ts";
import { normal64 } from "../src/graph/tensor64.ts";
import type { Case, Operator, Tensor64, Value } from "../src/graph/types.ts";
import { add } from "../src/ops/add.ts";
import { mul } from "../src/ops/mul.ts";
import { reduceSum } from "../src/ops/reduce-sum.ts";
import { operators } from "../src/ops/registry.ts";
import { RowMaxPool, tied } from "../src/ops/row-max-pool.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { arrayOf, type Tensor } from "../src/util/tensor.ts";

const isFloat = (x: { dtype: string }): boolean => x.dtype === "float32";

function narrow(x: Tensor64): Tensor {
  const data = arrayOf(x.dtype, x.data.length);
  for (const [i, v] of x.data.entries())
    (data as { [i: number]: number | bigint })[i] = x.dtype === "int64" ? BigInt(v) : v;
  return { dtype: x.dtype, shape: x.shape, data };
}

function build(operator: Operator, { inputs, attributes }: Case<Record<string, never>>) {
  const graph = new Graph();
  const values = inputs.map((x, i) => graph.input(`x${i}`, x.dtype, x.shape));
  const outputs = graph.apply(operator, values, attributes);
  return { graph, values, outputs };
}

/** A scalar that depends on every differentiable output, with different weights. */
function weighted(outputs: readonly Value[]): Value {
  return outputs
    .filter(isFloat)
    .map((output, i) => {
      const shape = output.shape as number[];
      const weights = Float32Array.from(normal64(shape, `weights${i}`).data);
      return reduceSum(mul(output, output.graph.constant("float32", shape, weights)));
    })
    .reduce((a, b) => add(a, b));
}

async function runInOrt(graph: Graph, feeds: readonly Tensor64[]): Promise<Record<string, Tensor>> {
  const session = await openSession(encode(graph, "case"), { device: "cpu", threads: 1 });
  const results = await session.run(Object.fromEntries(feeds.map((x, i) => [`x${i}`, narrow(x)])));
  await session.release();
  return results;
}

function expectClose(actual: Tensor, expected: Tensor64, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  const scale = Math.max(1, ...expected.data.map(Math.abs));
  for (const [i, v] of expected.data.entries())
    expect(Math.abs(Number(actual.data[i]) - v)).toBeLessThan(tolerance * scale);
}

const feedsOf = (inputs: readonly Tensor64[]) => new Map(inputs.map((x, i) => [`x${i}`, x]));

describe.each(operators.map((operator) => [operator.type, operator] as const))("%s", (_, operator) => {
  const cases = operator.cases as readonly Case<Record<string, never>>[];

  test("has cases", () => expect(cases.length).toBeGreaterThan(0));

  test.each(cases.map((one, i) => [i, one] as const))(
    "case %i: ONNX Runtime equals the evaluation",
    async (_, one) => {
      const { graph, outputs } = build(operator, one);
      for (const [i, output] of outputs.entries()) graph.output(`y${i}`, output);
      const results = await runInOrt(graph, one.inputs);
      const expected = operator.evaluate(one.inputs, one.attributes);
      for (const [i, tensor] of expected.entries()) {
        expect(outputs[i]?.shape).toEqual(tensor.shape);
        expectClose(results[`y${i}`] as Tensor, tensor, 2e-6);
      }
    },
  );

  if (typeof operator.gradient !== "function") {
    test("says why it has no gradient", () => {
      expect((operator.gradient as { notDifferentiable: string }).notDifferentiable).not.toBe("");
    });
    return;
  }

  test.each(cases.map((one, i) => [i, one] as const))(
    "case %i: gradient equals central differences",
    async (_, one) => {
      const { graph, values, outputs } = build(operator, one);
      if (!outputs.some(isFloat)) return;
      const differentiable = operator.type === "BatchNormTraining" ? outputs.slice(0, 1) : outputs;
      const loss = weighted(differentiable);
      // Limits of a clip are constants, not weights.
      const wrt = values.filter(
        (value) => isFloat(value) && !(operator.type === "Clip" && value.name !== "x0"),
      );
      if (wrt.length === 0) return;
      const results = gradients(loss, wrt);
      const exact = evaluate(results, feedsOf(one.inputs));
      const lossAt = (inputs: readonly Tensor64[]): number =>
        evaluate([loss], feedsOf(inputs))[0]?.data[0] as number;
      const h = 1e-5;
      // Thirds and fifteenths in Winograd's transforms are constants of the graph, and so float32.
      const tolerance = "winograd" in one.attributes && one.attributes.winograd ? 1e-5 : 1e-6;
      for (const [w, value] of wrt.entries()) {
        const index = values.indexOf(value);
        const input = one.inputs[index] as Tensor64;
        for (let i = 0; i < input.data.length; i++) {
          const shifted = (by: number) =>
            lossAt(
              one.inputs.map((x, k) =>
                k === index ? { ...x, data: x.data.map((v, j) => (j === i ? v + by : v)) } : x,
              ),
            );
          const numeric = (shifted(h) - shifted(-h)) / (2 * h);
          const analytic = exact[w]?.data[i] as number;
          expect(Math.abs(analytic - numeric)).toBeLessThan(tolerance * Math.max(1, Math.abs(numeric)));
        }
      }
      for (const [i, gradient] of results.entries()) graph.output(`g${i}`, gradient);
      const inRuntime = await runInOrt(graph, one.inputs);
      for (const [i, tensor] of exact.entries()) expectClose(inRuntime[`g${i}`] as Tensor, tensor, 1e-5);
    },
  );
});

test("every operator that a file of src/ops exports is registered", async () => {
  const files = readdirSync(new URL("../src/ops", import.meta.url)).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  const found: string[] = [];
  for (const file of files) {
    const module = (await import(`../src/ops/${file.slice(0, -3)}.ts`)) as Record<string, unknown>;
    for (const value of Object.values(module)) {
      const { type, infer } = Object(value) as Partial<Operator>;
      if (typeof type === "string" && typeof infer === "function") found.push(type);
    }
  }
  expect(found.sort()).toEqual(operators.map(({ type }) => type).sort());
});

test("max pooling gives a tie's gradient to its first maximum", async () => {
  const { graph, values, outputs } = build(RowMaxPool, {
    inputs: [tied.input],
    attributes: tied.window as never,
  });
  const loss = reduceSum(outputs[0] as Value);
  const [gradient] = gradients(loss, values) as [Value];
  const result = evaluate([gradient], feedsOf([tied.input]))[0] as Tensor64;
  const expected = new Float64Array(tied.input.data.length);
  const { height, width, batch } = tied.window;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 3; x++) {
          let best = -1;
          for (let i = -1; i < 2; i++) {
            for (let j = -1; j < 2; j++) {
              const [row, column] = [2 * y + i, 2 * x + j];
              if (row < 0 || column < 0 || row >= height || column >= width) continue;
              const place = ((n * height + row) * width + column) * 3 + c;
              if (best < 0 || (tied.input.data[place] as number) > (tied.input.data[best] as number))
                best = place;
            }
          }
          expected[best] = (expected[best] as number) + 1;
        }
      }
    }
  }
  expect([...result.data]).toEqual([...expected]);
  graph.output("g0", gradient);
  expectClose((await runInOrt(graph, [tied.input])).g0 as Tensor, result, 1e-7);
});
