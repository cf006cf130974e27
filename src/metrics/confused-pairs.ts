/** The most frequent confusions between classes, from a confusion matrix. */

import type { ConfusionMatrix } from "./confusion.ts";

export interface ConfusedPair {
  /** Class indices. */
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Share of the samples of the true class, from 0 to 1. */
  readonly share: number;
}

/**
 * Returns up to `most` pairs that occur, by decreasing share of the true class. Of equal shares, the more frequent pair
 * comes first.
 */
export function confusedPairs(matrix: ConfusionMatrix, most = 5): ConfusedPair[] {
  return matrix
    .flatMap((row, truth) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return row.map((count, predicted) => ({ truth, predicted, count, share: count / total }));
    })
    .filter(({ truth, predicted, count }) => truth !== predicted && count > 0)
    .sort((a, b) => b.share - a.share || b.count - a.count)
    .slice(0, most);
}

/** Formats a pair: `sad taken for neutral: 14 %`, or `sad taken for neutral: 1 of 2` for a class with few samples. */
export function confusedPairText(pair: ConfusedPair, names: readonly string[]): string {
  const share = ofFew(pair.count, samplesOf(pair)) ?? `${Math.round(100 * pair.share)} %`;
  return `${names[pair.truth]} taken for ${names[pair.predicted]}: ${share}`;
}

/** Returns the number of samples of a pair's true class. */
export function samplesOf({ count, share }: ConfusedPair): number {
  return Math.round(count / share);
}

/** Below this number of samples, a percentage would suggest too much precision. */
const FEW = 20;

/** Returns `1 of 2`, or undefined if there are enough samples for a percentage. */
export function ofFew(count: number, total: number): string | undefined {
  return total < FEW ? `${count} of ${total}` : undefined;
}
