/** Properties of every registered loss. Their numbers are compared with PyTorch's in test/pytorch-pieces.test.ts. */

import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { openSession } from "../runtime/session.node.ts";
import { floatTensor } from "../util/tensor.ts";
import { type LossChoice, type LossName, losses, lossOf } from "./registry.ts";

const names = Object.keys(losses) as LossName[];

async function lossAndGradient(
  choice: LossChoice,
  logits: number[][],
  targets: number[][],
  prior?: readonly number[],
) {
  const shape = [logits.length, logits[0]?.length as number];
  const graph = new Graph();
  const [x, t] = [graph.input("logits", "float32", shape), graph.input("targets", "float32", shape)];
  const { loss, options } = lossOf(choice);
  const value = loss.build({ logits: x, targets: t, prior }, options);
  graph.output("loss", value);
  graph.output("gradient", gradients(value, [x])[0] as Value);
  const session = await openSession(encode(graph, "loss"), { device: "cpu", threads: 1 });
  const results = await session.run({
    logits: floatTensor(shape, logits.flat()),
    targets: floatTensor(shape, targets.flat()),
  });
  await session.release();
  return {
    loss: Number(results.loss?.data[0]),
    gradient: Array.from(results.gradient?.data as Float32Array),
  };
}

test.each(names)("%s stays finite if a class is certain", async (type) => {
  const { loss, gradient } = await lossAndGradient(
    { type },
    [
      [200, -200, 0],
      [-200, 200, 0],
    ],
    [
      [1, 0, 0],
      [1, 0, 0],
    ],
  );
  expect(Number.isFinite(loss)).toBe(true);
  expect(gradient.every(Number.isFinite)).toBe(true);
});

test.each(names)("%s falls as an answer comes closer to the label", async (type) => {
  const losses: number[] = [];
  for (const logit of [-2, 0, 2, 4])
    losses.push((await lossAndGradient({ type }, [[logit, 0, 0]], [[1, 0, 0]])).loss);
  expect(losses).toEqual([...losses].sort((a, b) => b - a));
  expect(losses[3]).toBeLessThan((losses[0] as number) / 4);
});

test.each([{ type: "crossEntropy" }, { type: "votes" }, { type: "focal", gamma: 0 }] as LossChoice[])(
  "$type is smallest where the answers are the targets",
  async (choice) => {
    const targets = [[0.7, 0.2, 0.1]];
    const answer = (targets[0] as number[]).map(Math.log);
    const { loss } = await lossAndGradient(choice, [answer], targets);
    for (const away of [
      [0.3, 0, 0],
      [0, 0.3, 0],
      [-0.2, 0, 0.2],
    ]) {
      const other = answer.map((v, i) => v + (away[i] as number));
      expect((await lossAndGradient(choice, [other], targets)).loss).toBeGreaterThan(loss);
    }
  },
);

test("an image with ten votes pulls five times as hard as one with two", async () => {
  const { gradient } = await lossAndGradient(
    { type: "votes" },
    [
      [0, 0],
      [0, 0],
    ],
    [
      [10, 0],
      [0, 2],
    ],
  );
  expect((gradient[0] as number) / (gradient[3] as number)).toBeCloseTo(5, 5);
});

test("numbers that a recipe leaves out take their defaults", () => {
  expect(lossOf({ type: "focal" }).options).toEqual({ gamma: 2 });
  expect(lossOf({ type: "focal", gamma: 1 }).options).toEqual({ gamma: 1 });
});

const prior = [0.6, 0.3, 0.1];
const adjusted = ["crossEntropy", "votes"] as const;

test.each(adjusted)("%s with logit adjustment has the gradient of central differences", async (type) => {
  const choice = { type, logitAdjustment: 1 };
  const logits = [
    [0.3, -1.2, 0.8],
    [2, 0.1, -0.5],
  ];
  const targets =
    type === "votes"
      ? [
          [3, 1, 0],
          [0, 2, 6],
        ]
      : [
          [0.75, 0.25, 0],
          [0, 0.25, 0.75],
        ];
  const { gradient } = await lossAndGradient(choice, logits, targets, prior);
  const step = 0.01;
  for (const [i, found] of gradient.entries()) {
    const at = async (change: number): Promise<number> => {
      const moved = logits.map((row, n) => row.map((x, k) => x + (3 * n + k === i ? change : 0)));
      return (await lossAndGradient(choice, moved, targets, prior)).loss;
    };
    expect(found).toBeCloseTo(((await at(step)) - (await at(-step))) / (2 * step), 4);
  }
});

test.each(adjusted)(
  "%s with logit adjustment is smallest where the answers are the targets without the prior",
  async (type) => {
    // Under the prior, p(y|x) is (0.5, 0.3, 0.2); under the balanced prior it is proportional to p/prior.
    const shares = [0.5, 0.3, 0.2];
    const balanced = shares.map((share, k) => Math.log(share / (prior[k] as number)));
    const { gradient } = await lossAndGradient({ type, logitAdjustment: 1 }, [balanced], [shares], prior);
    for (const g of gradient) expect(g).toBeCloseTo(0, 6);
  },
);

test("logit adjustment without a prior, or with a class that never occurs, is refused", async () => {
  const choice = { type: "crossEntropy", logitAdjustment: 1 } as const;
  await expect(lossAndGradient(choice, [[0, 0]], [[1, 0]])).rejects.toThrow("needs a class prior");
  await expect(lossAndGradient(choice, [[0, 0]], [[1, 0]], [1, 0])).rejects.toThrow(
    "above 0 for every class",
  );
});
