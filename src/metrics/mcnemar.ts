/** McNemar's test: whether two classifiers differ by more than chance on the same samples. */

import { VultusError } from "../util/errors.ts";

/**
 * The exact two-sided p-value (McNemar 1947; the binomial form, as SciPy's `binomtest(onlyA, onlyA + onlyB)`) of
 * `onlyA` samples that only the first gets right and `onlyB` that only the second does: how often at least as uneven a
 * division would come about if either were as likely. 1 where they never differ.
 */
export function mcnemarP(onlyA: number, onlyB: number): number {
  for (const count of [onlyA, onlyB]) {
    if (!Number.isInteger(count) || count < 0) {
      throw new VultusError(`McNemar's test was given the count ${count}; counts are whole numbers from 0.`);
    }
  }
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  // The tail Σ_{i ≤ fewer} C(n, i) / 2^n: its largest term by logarithms, the others as ratios to it.
  let logTerm = -n * Math.LN2;
  for (let i = 1; i <= fewer; i++) logTerm += Math.log((n - fewer + i) / i);
  let [ratio, sum] = [1, 1];
  for (let i = fewer; i > 0; i--) {
    ratio *= i / (n - i + 1);
    sum += ratio;
  }
  return Math.min(1, 2 * Math.exp(logTerm) * sum);
}
