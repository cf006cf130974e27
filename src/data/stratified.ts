/** Draws a random part of a data set in which every class keeps its share. */

import { type Key, random, shuffled } from "../util/random.ts";

/**
 * Returns `count` indices into `labels`, in order, drawn by `key`. Every class gives its share, rounded by largest
 * remainder. Returns all indices if there are at most `count`.
 */
export function stratifiedSample(labels: readonly number[], count: number, ...key: Key): number[] {
  if (count >= labels.length) return labels.map((_, i) => i);
  const byClass = new Map<number, number[]>();
  for (const [i, label] of labels.entries()) {
    const own = byClass.get(label);
    if (own) own.push(i);
    else byClass.set(label, [i]);
  }
  const shares = [...byClass].map(([label, own]) => {
    const exact = (count * own.length) / labels.length;
    return { label, own, take: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  const missing = count - shares.reduce((sum, { take }) => sum + take, 0);
  const byRest = shares.toSorted((a, b) => b.rest - a.rest || a.label - b.label);
  for (const share of byRest.slice(0, missing)) share.take++;
  return shares
    .flatMap(({ label, own, take }) => shuffled(own, random(...key, label)).slice(0, take))
    .sort((a, b) => a - b);
}
