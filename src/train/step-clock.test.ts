/** Steps, speed and remaining time of a training. */

import { expect, test } from "vitest";
import type { Phase } from "./recipe.ts";
import { StepClock } from "./step-clock.ts";

const clockOf = (...epochs: number[]): StepClock =>
  new StepClock({ phases: epochs.map((count) => ({ epochs: count }) as Phase) }, 5);

test("steps are counted over all phases", () => {
  const clock = clockOf(2, 3);
  expect([clock.epochs, clock.steps]).toEqual([5, 25]);
  expect(clock.stepsBefore(1, 1, 4)).toBe(19);
});

test("the speed is that of the last steps, and the rest counts the scoring of every epoch", () => {
  const clock = clockOf(10);
  clock.stepped(16, 100);
  for (let i = 0; i < 20; i++) clock.stepped(16, 0.5);
  clock.scored(2);
  expect(clock.imagesPerSecond).toBeCloseTo(32);
  expect(clock.secondsLeft(38)).toBeCloseTo(12 * 0.5 + 3 * 2);
});
