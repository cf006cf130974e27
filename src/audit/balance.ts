/** Whether the splits hold the classes in the same shares: a model is chosen badly on a validation split that does not. */

import { classCounts, type Sample, type Split, splits } from "../data/dataset.ts";

export interface Drift {
  readonly split: Split;
  readonly against: Split;
  /** Half the sum of the differences between the shares: 0 is equal, 1 has no class in common. */
  readonly totalVariation: number;
  readonly largestDifference: { readonly className: string; readonly difference: number };
  /** Pearson's statistic for the two splits being drawn from one population. */
  readonly chiSquared: number;
  readonly degreesOfFreedom: number;
  /** What chance alone exceeds in one of twenty such data sets. */
  readonly chiSquared95: number;
}

export interface Balance {
  /** For each split that has images: one share per class, which sum to 1. */
  readonly shares: Readonly<Partial<Record<Split, readonly number[]>>>;
  /** Every split against training, or against the first that there is. */
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

/** Of the 2 × classes table; a class without images on both sides says nothing. */
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

/** The 95th percentile of chi-squared within 1 % from two degrees on (Wilson and Hilferty 1931). */
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
