/** The order of samples in an epoch, keyed by seed, phase and epoch, so that a resumed run has the same order. */

import { type Key, random, shuffled } from "../util/random.ts";

/** Returns 0 to count − 1 in order. */
export function sequentialOrder(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Returns every sample once, in random order. `key` is usually (seed, phase, epoch). */
export function shuffledOrder(count: number, ...key: Key): number[] {
  return shuffled(sequentialOrder(count), random(...key, "order"));
}

/**
 * Returns as many draws with replacement as there are samples, with equally likely classes, like PyTorch's
 * WeightedRandomSampler with weights 1/class count. Drawing a class, then one of its samples, gives the same
 * distribution without a table of weights. `labels` contains the class of each sample.
 */
export function weightedOrder(labels: readonly number[], ...key: Key): number[] {
  const byClass = new Map<number, number[]>();
  for (const [index, label] of labels.entries()) {
    const members = byClass.get(label);
    if (members) members.push(index);
    else byClass.set(label, [index]);
  }
  const classes = [...byClass.entries()].sort(([a], [b]) => a - b).map(([, members]) => members);
  const rng = random(...key, "order");
  return labels.map(() => {
    const members = classes[rng.integer(classes.length)] as number[];
    return members[rng.integer(members.length)] as number;
  });
}

/** Yields the order in batches. With `dropLast` a last incomplete batch is dropped unless it is the only one. */
export function batches(order: readonly number[], size: number, dropLast: boolean): number[][] {
  const result: number[][] = [];
  for (let start = 0; start < order.length; start += size) result.push(order.slice(start, start + size));
  const last = result.at(-1);
  if (dropLast && result.length > 1 && last && last.length < size) result.pop();
  return result;
}

/**
 * Returns weights for a weighted loss: n / (classCount · count), as scikit-learn's "balanced"; 0 for a class with no
 * samples.
 */
export function classWeights(labels: readonly number[], classCount: number): number[] {
  const counts = new Array<number>(classCount).fill(0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts.map((count) => (count === 0 ? 0 : labels.length / (classCount * count)));
}
