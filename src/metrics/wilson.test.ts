import { expect, test } from "vitest";
import { wilsonInterval } from "./wilson.ts";

test("equals scipy.stats.binomtest(hits, n).proportion_ci(method='wilson')", () => {
  for (const [hits, n, low, high] of [
    [8, 10, 0.4901624715, 0.9433178485],
    [0, 10, 0, 0.2775327999],
    [10, 10, 0.7224672001, 1],
    [300, 1000, 0.2724068425, 0.3291238609],
  ] as const) {
    const [from, to] = wilsonInterval(hits, n);
    expect(from).toBeCloseTo(low, 6);
    expect(to).toBeCloseTo(high, 6);
  }
  expect(wilsonInterval(0, 0)).toEqual([0, 1]);
});
