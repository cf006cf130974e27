/** The types of operators; `npm run check` compiles this file. */

import { expectTypeOf, test } from "vitest";
import type { batchNormTraining } from "../ops/batch-norm-training.ts";
import type { Concat } from "../ops/concat.ts";
import { Gemm } from "../ops/gemm.ts";
import { operators } from "../ops/registry.ts";
import type { Split } from "../ops/split.ts";
import type { Where } from "../ops/where.ts";
import { Graph } from "./graph.ts";
import type { Operator, Tensor64, Value } from "./types.ts";

test("an operator's functions take as many tensors as it has inputs", () => {
  expectTypeOf<Parameters<typeof Where.evaluate>[0]>().toEqualTypeOf<
    readonly [Tensor64, Tensor64, Tensor64]
  >();
  expectTypeOf<Parameters<typeof Gemm.evaluate>[0]>().toEqualTypeOf<
    readonly [Tensor64, Tensor64, Tensor64?]
  >();
  expectTypeOf<Parameters<typeof Concat.evaluate>[0]>().toEqualTypeOf<readonly Tensor64[]>();
});

test("they give one tensor, or as many as the operator says", () => {
  expectTypeOf<ReturnType<typeof Concat.evaluate>>().toEqualTypeOf<readonly [Tensor64]>();
  expectTypeOf<ReturnType<typeof Split.evaluate>>().toEqualTypeOf<readonly Tensor64[]>();
  expectTypeOf<typeof batchNormTraining>().returns.toHaveProperty("variance").toEqualTypeOf<Value>();
});

test("a graph applies an operator to its number of values only", () => {
  const x = new Graph().input("x", "float32", [2, 2]);
  const { graph } = x;
  expectTypeOf(graph.apply(Gemm, [x, x], { transA: 0, transB: 0 })).toEqualTypeOf<readonly [Value]>();
  // @ts-expect-error one matrix has no product
  const alone = (): unknown => graph.apply(Gemm, [x], { transA: 0, transB: 0 });
  expectTypeOf(alone).toBeFunction();
});

test("every operator is an `Operator`", () => {
  expectTypeOf(operators).toEqualTypeOf<readonly Operator[]>();
  expectTypeOf<typeof Where>().toExtend<Operator>();
});
