/** The interval of a difference, computed from the intervals of both sides. */

import type { Estimate } from "./ratio-intervals.ts";

type Side = Pick<Estimate, "value" | "interval">;

/**
 * Returns the 95 % interval of `a` minus `b` by the method of variance estimates recovery (Zou and Donner 2008); with
 * Wilson's intervals this is Newcombe's method 10 (1998). It assumes independent samples; for positively correlated
 * pairs it is slightly too wide.
 */
export function differenceInterval(a: Side, b: Side): [low: number, high: number] {
  const difference = a.value - b.value;
  const below = Math.hypot(a.value - a.interval[0], b.interval[1] - b.value);
  const above = Math.hypot(a.interval[1] - a.value, b.value - b.interval[0]);
  return [difference - below, difference + above];
}
