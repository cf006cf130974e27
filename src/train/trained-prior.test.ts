import { expect, test } from "vitest";
import type { Sample } from "../data/dataset.ts";
import { weightedOrder } from "../data/sampler.ts";
import { targetPrior, trainedPrior } from "./trained-prior.ts";

const sample = (label: number, votes?: readonly number[], voteCount?: number): Sample => ({
  id: "",
  source: { kind: "pixels", picture: { width: 1, height: 1, channels: 1, pixels: new Uint8Array(1) } },
  label,
  split: "train",
  ...(votes && { votes }),
  ...(voteCount !== undefined && { voteCount }),
});
const plain = { sampler: "shuffle", classWeights: "none", loss: { type: "crossEntropy" } } as const;

/** 5, 3 and 2 images of three classes. */
const labelled = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2].map((label) => sample(label));
const soft = [
  sample(0, [0.75, 0.25, 0]),
  sample(0, [0.5, 0, 0.5]),
  sample(1, [0.25, 0.75, 0]),
  sample(2, [0, 0, 1]),
];

function expectShares(found: readonly number[], wanted: readonly number[], digits = 9): void {
  expect(found).toHaveLength(wanted.length);
  for (const [k, share] of found.entries()) expect(share).toBeCloseTo(wanted[k] as number, digits);
}

test("is the share of the classes, or the mean of soft labels", () => {
  expectShares(targetPrior(labelled, 3, plain), [0.5, 0.3, 0.2]);
  expectShares(targetPrior(soft, 3, plain), [1.5 / 4, 1 / 4, 1.5 / 4]);
});

test("an image counts as often as people voted if votes are the loss", () => {
  const voted = [sample(0, [0.75, 0.25], 4), sample(1, [0, 1], 8), sample(1)];
  expectShares(targetPrior(voted, 2, { ...plain, loss: { type: "votes" } }), [3 / 13, 10 / 13]);
  expectShares(targetPrior(voted, 2, plain), [0.75 / 3, 2.25 / 3]);
});

test.each([
  { ...plain, sampler: "weighted" },
  { ...plain, classWeights: "balanced" },
] as const)("classes that are drawn or weighted evenly have even shares: %j", (recipe) => {
  expectShares(targetPrior(labelled, 3, recipe), [1 / 3, 1 / 3, 1 / 3]);
});

test("is the mean target of what the weighted sampler draws", () => {
  const many = Array.from({ length: 3000 }, () => soft).flat();
  const order = weightedOrder(
    many.map(({ label }) => label),
    "prior",
  );
  const sums = [0, 0, 0];
  for (const index of order)
    for (const [k, vote] of (many[index]?.votes ?? []).entries())
      sums[k] = (sums[k] as number) + vote / order.length;
  // Standard errors of these means are below 0.004.
  expectShares(targetPrior(soft, 3, { ...plain, sampler: "weighted" }), sums, 1.8);
});

test("logit adjustment takes its part of the prior away", () => {
  const adjusted = (tau: number) =>
    ({ ...plain, loss: { type: "crossEntropy", logitAdjustment: tau } }) as const;
  expectShares(trainedPrior(labelled, 3, adjusted(0)), [0.5, 0.3, 0.2]);
  expectShares(trainedPrior(labelled, 3, adjusted(1)), [1 / 3, 1 / 3, 1 / 3]);
  const roots = [0.5, 0.3, 0.2].map(Math.sqrt);
  const total = roots.reduce((a, b) => a + b);
  expectShares(
    trainedPrior(labelled, 3, adjusted(0.5)),
    roots.map((root) => root / total),
  );
});

test("a class without images has no share", () => {
  expectShares(targetPrior(labelled, 4, plain), [0.5, 0.3, 0.2, 0]);
});
