/** The majority baseline: the minimum that a model must beat. */

import { VultusError } from "../util/errors.ts";

/** Returns the accuracy, from 0 to 1, of always predicting the most frequent class, given the samples per class. */
export function majorityBaseline(counts: ArrayLike<number>): number {
  const values = Array.from(counts);
  const total = values.reduce((sum, count) => sum + count, 0);
  if (!(total > 0))
    throw new VultusError("There are no samples to find the majority class of; give at least one.");
  return Math.max(...values) / total;
}
