/** What always answering the most frequent class would score: the least that a model must beat. */

import { VultusError } from "../util/errors.ts";

/** The accuracy, from 0 to 1, of always predicting the most frequent class, from samples per class. */
export function majorityBaseline(counts: ArrayLike<number>): number {
  const values = Array.from(counts);
  const total = values.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) throw new VultusError("There are 0 samples to take a majority of; give at least one.");
  return Math.max(...values) / total;
}
