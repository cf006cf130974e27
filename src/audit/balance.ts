/**
 * Compares the class shares of the splits: a validation split with other class shares is a bad basis for choosing a
 * model.
 */

import { classCounts, type Sample, type Split, splits } from "../data/dataset.ts";

export interface Drift {
  readonly split: Split;
  readonly against: Split;
  /** Half the sum of the absolute differences between the shares: 0 if equal, 1 if no class is in common. */
  readonly totalVariation: number;
  readonly largestDifference: { readonly className: string; readonly difference: number };
  /** Pearson's statistic for the hypothesis that both splits come from the same distribution. */
  readonly chiSquared: number;
  readonly degreesOfFreedom: number;
  /** The 95th percentile of that statistic under the hypothesis. */
  readonly chiSquared95: number;
}

export interface Balance {
  /** For each split with images, one share per class; they sum to 1. */
  readonly shares: Readonly<Partial<Record<Split, readonly number[]>>>;
  /** Every split compared with training, or with the first split if there is no training split. */
  readonly drift: readonly Drift[];
}

export function balanceOf(classes: readonly string[], samples: readonly Sample[]): Balance {
  const counted = splits.flatMap((split) => {
    const counts = classCounts(
      samples.filter((sample) => sample.split === split),
      classes.length,
    );
    return sum(counts) > 0 ? [{ split, counts }] : [];
  });
  const [base, ...others] = counted;
  return {
    shares: Object.fromEntries(counted.map(({ split, counts }) => [split, sharesOf(counts)])),
    drift: base ? others.map((other) => driftOf(classes, other, base)) : [],
  };
}

interface Counted {
  readonly split: Split;
  readonly counts: readonly number[];
}

function driftOf(classes: readonly string[], { split, counts }: Counted, base: Counted): Drift {
  const own = sharesOf(counts);
  const differences = sharesOf(base.counts).map((share, label) => (own[label] ?? 0) - share);
  const largest = differences.reduce(
    (best, d, label) => (Math.abs(d) > Math.abs(differences[best] ?? 0) ? label : best),
    0,
  );
  const degreesOfFreedom = counts.filter((n, label) => n + (base.counts[label] ?? 0) > 0).length - 1;
  return {
    split,
    against: base.split,
    totalVariation: sum(differences.map(Math.abs)) / 2,
    largestDifference: { className: classes[largest] ?? "", difference: differences[largest] ?? 0 },
    chiSquared: chiSquared(counts, base.counts),
    degreesOfFreedom,
    chiSquared95: chiSquared95(degreesOfFreedom),
  };
}

/** Returns the statistic of the 2 × classes table. A class without images in either split is ignored. */
function chiSquared(a: readonly number[], b: readonly number[]): number {
  const [sumA, sumB] = [sum(a), sum(b)];
  return sum(
    a.map((n, label) => {
      const both = n + (b[label] ?? 0);
      if (both === 0) return 0;
      const expected = [both * (sumA / (sumA + sumB)), both * (sumB / (sumA + sumB))] as const;
      return (n - expected[0]) ** 2 / expected[0] + ((b[label] ?? 0) - expected[1]) ** 2 / expected[1];
    }),
  );
}

/**
 * Returns the 95th percentile of chi-squared, accurate to 1 % from two degrees of freedom on (Wilson and Hilferty
 * 1931).
 */
function chiSquared95(degrees: number): number {
  if (degrees === 0) return 0;
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 1.6449 * Math.sqrt(spread)) ** 3;
}

function sharesOf(counts: readonly number[]): number[] {
  const all = sum(counts);
  return counts.map((count) => count / all);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
