import { expect, test } from "vitest";
import { averageShare } from "./gradient-tools.ts";

test("the share of a new weight falls from most of it to what the decay leaves", () => {
  expect(averageShare(0.99, 1)).toBeCloseTo(1 - 2 / 11, 12);
  // (1 + n)/(10 + n) reaches 0.99 at n = 890.
  expect(averageShare(0.99, 889)).toBeCloseTo(9 / 899, 12);
  expect(averageShare(0.99, 890)).toBeCloseTo(0.01, 12);
  expect(averageShare(0.99, 1e6)).toBeCloseTo(0.01, 12);
});
