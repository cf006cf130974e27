/** McNemar's test: whether two classifiers differ significantly on the same samples. */

import { VultusError } from "../util/errors.ts";

/**
 * Returns the exact two-sided p-value (McNemar 1947; the binomial form, like SciPy's `binomtest(onlyA, onlyA +
 * onlyB)`), where only the first classifier is right on `onlyA` samples and only the second on `onlyB`. It is the
 * probability of a split at least as uneven if both were equally likely; 1 if they never differ.
 */
export function mcnemarP(onlyA: number, onlyB: number): number {
  for (const count of [onlyA, onlyB]) {
    if (!Number.isInteger(count) || count < 0) {
      throw new VultusError(`McNemar's test got the count ${count}; counts must be non-negative integers.`);
    }
  }
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  // Computes the tail Σ_{i ≤ fewer} C(n, i) / 2^n: its largest term by logarithms, the others as ratios to it.
  let logTerm = -n * Math.LN2;
  for (let i = 1; i <= fewer; i++) logTerm += Math.log((n - fewer + i) / i);
  let [ratio, sum] = [1, 1];
  for (let i = fewer; i > 0; i--) {
    ratio *= i / (n - i + 1);
    sum += ratio;
  }
  return Math.min(1, 2 * Math.exp(logTerm) * sum);
}
