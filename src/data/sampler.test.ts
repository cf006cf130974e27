import { expect, test } from "vitest";
import { batches, classWeights, sequentialOrder, shuffledOrder, weightedOrder } from "./sampler.ts";

test("a shuffled order holds every sample once and depends on the whole key", () => {
  const order = shuffledOrder(100, 7, "head", 0);
  expect([...order].sort((a, b) => a - b)).toEqual(sequentialOrder(100));
  expect(shuffledOrder(100, 7, "head", 0)).toEqual(order);
  for (const key of [
    [8, "head", 0],
    [7, "layer4", 0],
    [7, "head", 1],
  ]) {
    expect(shuffledOrder(100, ...key)).not.toEqual(order);
  }
});

test("a weighted order has the data set's length and balances the classes", () => {
  const labels = [
    ...Array<number>(6000).fill(0),
    ...Array<number>(3000).fill(1),
    ...Array<number>(1000).fill(2),
  ];
  const order = weightedOrder(labels, 7, "head", 0);
  expect(order).toHaveLength(10_000);
  const counts = [0, 0, 0];
  for (const index of order) counts[labels[index] as number] = (counts[labels[index] as number] ?? 0) + 1;
  // Five standard deviations of a binomial with p = 1/3.
  for (const count of counts)
    expect(Math.abs(count - 10_000 / 3)).toBeLessThan(5 * Math.sqrt((10_000 * 2) / 9));
  expect(weightedOrder(labels, 7, "head", 0)).toEqual(order);
  expect(weightedOrder(labels, 7, "head", 1)).not.toEqual(order);
});

test("within a class a weighted order draws evenly and with replacement", () => {
  const labels = Array.from({ length: 1000 }, (_, index) => index % 2);
  const distinct = new Set(weightedOrder(labels, 1, 2, 3)).size;
  // A share of 1 − 1/e of the samples is drawn at least once.
  expect(distinct).toBeGreaterThan(580);
  expect(distinct).toBeLessThan(680);
});

test("a last incomplete batch is dropped unless it is the only one", () => {
  expect(batches(sequentialOrder(5), 2, false)).toEqual([[0, 1], [2, 3], [4]]);
  expect(batches(sequentialOrder(5), 2, true)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(batches(sequentialOrder(4), 2, true)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  expect(batches(sequentialOrder(1), 2, true)).toEqual([[0]]);
  expect(batches([], 2, true)).toEqual([]);
});

test("class weights are scikit-learn's balanced ones", () => {
  // compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 0, 0, 1, 1, 2]) = [0.6667, 1, 2]
  expect(classWeights([0, 0, 0, 1, 1, 2], 3)).toEqual([6 / 9, 1, 2]);
  expect(classWeights([0, 0], 2)).toEqual([0.5, 0]);
});
