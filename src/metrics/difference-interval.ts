/** The interval of a difference from the intervals of both its sides. */

import type { Estimate } from "./ratio-intervals.ts";

type Side = Pick<Estimate, "value" | "interval">;

/**
 * 95 % interval of `a` less `b` by the method of variance estimates recovery (Zou and Donner 2008), which with Wilson's intervals is
 * Newcombe's method 10 (1998). It holds for independent samples; of paired ones that go together it is somewhat too wide.
 */
export function differenceInterval(a: Side, b: Side): [low: number, high: number] {
  const difference = a.value - b.value;
  const below = Math.hypot(a.value - a.interval[0], b.interval[1] - b.value);
  const above = Math.hypot(a.interval[1] - a.value, b.value - b.interval[0]);
  return [difference - below, difference + above];
}
