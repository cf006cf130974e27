import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { tensor64 } from "../graph/tensor64.ts";
import { clip } from "./clip.ts";
import { reduceSum } from "./reduce-sum.ts";

test("the gradient at a limit is that within, as of PyTorch's clamp", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [5]);
  const values = tensor64([5], [-0.5, 0, 0.5, 1, 1.5]);
  const [gradient] = evaluate(gradients(reduceSum(clip(x, 0, 1)), [x]), new Map([["x", values]]));
  expect([...(gradient?.data ?? [])]).toEqual([0, 1, 1, 1, 0]);
});
