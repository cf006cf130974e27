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

/** `sad taken for neutral: 14 %`. */
export function confusedPairText(
  { truth, predicted, share }: ConfusedPair,
  names: readonly string[],
): string {
  return `${names[truth]} taken for ${names[predicted]}: ${Math.round(100 * share)} %`;
}
