/** Stratified samples: sizes, shares and reproducible draws. */

import { expect, test } from "vitest";
import { classCounts, type Sample } from "./dataset.ts";
import { stratifiedSample } from "./stratified.ts";

const labels = Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 0 : i % 3 === 0 ? 1 : 2));
const counts = (indices: readonly number[]): number[] =>
  classCounts(
    indices.map((i) => ({ label: labels[i] as number }) as Sample),
    3,
  );

test("every class keeps its share, and the sample has exactly the size asked for", () => {
  const all = counts(labels.map((_, i) => i));
  for (const count of [1, 7, 100, 333, 999]) {
    const sample = stratifiedSample(labels, count, "test");
    expect(sample.length).toBe(count);
    expect(new Set(sample).size).toBe(count);
    expect(sample).toEqual(sample.toSorted((a, b) => a - b));
    for (const [k, own] of counts(sample).entries())
      expect(Math.abs(own - (count * (all[k] as number)) / 1000)).toBeLessThan(1);
  }
});

test("drawn by key, and everything if that is asked for", () => {
  expect(stratifiedSample(labels, 50, "a")).toEqual(stratifiedSample(labels, 50, "a"));
  expect(stratifiedSample(labels, 50, "a")).not.toEqual(stratifiedSample(labels, 50, "b"));
  expect(stratifiedSample(labels, 1000, "a")).toEqual(labels.map((_, i) => i));
  expect(stratifiedSample([], 5, "a")).toEqual([]);
});
