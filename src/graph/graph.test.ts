import { expect, test } from "vitest";
import { reduceSum } from "../ops/reduce-sum.ts";
import { Graph } from "./graph.ts";

test("an error names the layer, also where its own words begin like the layer's name", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [2, 3]);
  expect(() => graph.in("a", () => reduceSum(x, [2]))).toThrow(
    /^a: ReduceSum: axis 2 is out of range for rank 2$/,
  );
});
