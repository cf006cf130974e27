import { expect, test } from "vitest";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { nodesOf } from "../graph/lower.ts";
import { normal64 } from "../graph/tensor64.ts";
import { mul } from "../ops/mul.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { reshape } from "../ops/reshape.ts";
import { gradients } from "./gradients.ts";

test("the gradient of a mean is added to another one without being written out", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [3, 8]);
  // As in squeeze-and-excitation: maps times a gate computed from their own means, L = Σ x·mean(x).
  const maps = reshape(x, [3, 2, 4]);
  const loss = reduceSum(mul(maps, reduceMean(reshape(x, [3, 2, 4]), [2], true)));
  const results = gradients(loss, [x]);
  // One repeats the gradient of the sum that defines the loss.
  const written = nodesOf(results).filter(({ operator }) => operator.type === "Expand");
  expect(written).toHaveLength(1);

  const numbers = normal64([3, 8]);
  const [gradient] = evaluate(results, new Map([["x", numbers]]));
  // L = Σ (Σ x)²/4 over each map of four pixels, so dL/dx is twice the mean of the pixel's map.
  for (const [i, value] of gradient?.data.entries() ?? []) {
    const first = i - (i % 4);
    const sum = numbers.data.subarray(first, first + 4).reduce((a, b) => a + b, 0);
    expect(value).toBeCloseTo(sum / 2, 12);
  }
});
