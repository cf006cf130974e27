import { describe, expect, test } from "vitest";
import { add } from "../ops/add.ts";
import { conv } from "../ops/conv.ts";
import { gemm } from "../ops/gemm.ts";
import { matmul } from "../ops/matmul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { where } from "../ops/where.ts";
import type { DType } from "../util/tensor.ts";
import { Graph } from "./graph.ts";
import type { Value } from "./types.ts";

test("an error names the layer, also when its own words begin like the layer's name", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [2, 3]);
  expect(() => graph.in("a", () => reduceSum(x, [2]))).toThrow(
    /^a: ReduceSum: axis 2 is out of range for rank 2$/,
  );
});

describe("operands of two dtypes are refused by the layer's name", () => {
  const graph = new Graph();
  const input = (dtype: DType, ...shape: number[]): Value =>
    graph.input(`${dtype} ${shape.join()}`, dtype, shape);
  const [full, half] = [input("float32", 3, 3), input("float16", 3, 3)];
  const [picture, filter] = [input("float32", 1, 3, 5, 5), input("float32", 2, 3, 3, 3)];
  const halfFilter = input("float16", 2, 3, 3, 3);
  const condition = input("bool", 3, 3);
  const bias = (count: number): Value => input("float16", count);
  test.each<[string, string, () => Value]>([
    ["Add", "Add", () => add(full, half)],
    ["MatMul", "MatMul", () => matmul(full, half)],
    ["Where", "Where", () => where(condition, full, half)],
    ["Gemm's matrices", "Gemm", () => gemm(full, half)],
    ["Gemm's bias", "Gemm", () => gemm(full, full, { bias: bias(3) })],
    ["Conv's weight", "Conv", () => conv(picture, halfFilter, undefined, 1, 1)],
    ["Conv's bias", "Conv", () => conv(picture, filter, bias(2), 1, 1)],
  ])("%s", (_, type, make) => {
    expect(() => graph.in("layer1", () => graph.in("0", make))).toThrow(
      `layer1.0: ${type}: operands have different dtypes, float32 and float16; cast one of them`,
    );
  });
});

describe("weights", () => {
  const ones = Float32Array.of(1, 1);

  test("the same weight asked for twice is one weight", () => {
    const graph = new Graph();
    expect(graph.weight("w", "float32", [2], Float32Array.of(1, 1))).toBe(
      graph.weight("w", "float32", [2], ones),
    );
  });

  test.each([
    ["numbers", [2], Float32Array.of(1, 100)],
    ["shape", [2, 1], ones],
  ] as const)("another %s under the same name is an error", (_, shape, data) => {
    const graph = new Graph();
    graph.weight("w", "float32", [2], ones);
    expect(() => graph.weight("w", "float32", shape, data)).toThrow(
      "the graph already has a weight w with other values; give each network its own scope",
    );
  });

  test("an input's name is taken, and so is a weight's for an input", () => {
    const graph = new Graph();
    graph.input("x", "float32", [2]);
    expect(() => graph.weight("x", "float32", [2], ones)).toThrow(/already has an input x/);
    graph.weight("w", "float32", [2], ones);
    expect(() => graph.input("w", "float32", [2])).toThrow(/already has an input w/);
  });
});
