/** The few validation images whose predictions are reported after each epoch, so that users can watch the model learn. */

import { shuffledOrder } from "../data/sampler.ts";

const MOST = 12;

/** At most twelve, as many of each class as there are, drawn by the seed; in the order of the classes. */
export function watchedIndices(labels: readonly number[], classes: number, seed: number): number[] {
  const order = shuffledOrder(labels.length, seed, "watched");
  const ofClass = Array.from({ length: classes }, (_, label) => order.filter((i) => labels[i] === label));
  const each = Math.max(1, Math.floor(MOST / classes));
  return ofClass.flatMap((indices) => indices.slice(0, each)).slice(0, MOST);
}
