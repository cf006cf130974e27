/** Which classes are most often taken for which others, read off a confusion matrix. */

import type { ConfusionMatrix } from "./confusion.ts";

export interface ConfusedPair {
  /** Indices of classes. */
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Of the samples of the true class, from 0 to 1. */
  readonly share: number;
}

/** Up to `most` pairs that occur, by falling share of the true class; among equal shares the more frequent first. */
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

/** `sad taken for neutral: 14 %`, or, of a class with few samples, `sad taken for neutral: 1 of 2`. */
export function confusedPairText(pair: ConfusedPair, names: readonly string[]): string {
  const share = ofFew(pair.count, samplesOf(pair)) ?? `${Math.round(100 * pair.share)} %`;
  return `${names[pair.truth]} taken for ${names[pair.predicted]}: ${share}`;
}

/** How many samples the true class of a pair has. */
export function samplesOf({ count, share }: ConfusedPair): number {
  return Math.round(count / share);
}

/** Of fewer samples than this a percentage would look more exact than it is. */
const FEW = 20;

/** `1 of 2`; undefined where there are enough for a percentage. */
export function ofFew(count: number, total: number): string | undefined {
  return total < FEW ? `${count} of ${total}` : undefined;
}
