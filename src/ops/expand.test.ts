import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { Graph } from "../graph/graph.ts";
import { reduceSum } from "./reduce-sum.ts";

test("an extent that is known only when the graph runs is refused: ONNX's Expand takes numbers", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", ["N", 3]);
  const sum = graph.in("layer", () => reduceSum(x));
  expect(() => gradients(sum, [x])).toThrow(/layer\.gradient: Expand: .* needs a fixed shape, got \[N, 3\]/);
});
