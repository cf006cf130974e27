/** Pictures that belong together: identical pixel by pixel, or looking the same. */

import type { Split } from "../data/dataset.ts";

export interface AuditedPicture {
  readonly id: string;
  /** The class by name. */
  readonly label: string;
  readonly split: Split;
}

/** Two or more pictures, in the order of the data set. */
export interface PictureGroup {
  readonly pictures: readonly AuditedPicture[];
  readonly labels: readonly string[];
  readonly splits: readonly Split[];
}

export function groupOf(pictures: readonly AuditedPicture[]): PictureGroup {
  return {
    pictures,
    labels: [...new Set(pictures.map(({ label }) => label))].sort(),
    splits: [...new Set(pictures.map(({ split }) => split))].sort(),
  };
}

export function isConflicting({ labels }: PictureGroup): boolean {
  return labels.length > 1;
}

export function crossesSplits({ splits }: PictureGroup): boolean {
  return splits.length > 1;
}

/** The indices of equal keys, in order of their first appearance. */
export function indicesByKey(keys: readonly string[]): number[][] {
  const byKey = new Map<string, number[]>();
  for (const [index, key] of keys.entries()) {
    const indices = byKey.get(key);
    if (indices) indices.push(index);
    else byKey.set(key, [index]);
  }
  return [...byKey.values()];
}

/** Sets that grow together, at first one for each index: what is joined by any number of steps is one set. */
export interface DisjointSets {
  join(a: number, b: number): void;
  areJoined(a: number, b: number): boolean;
  /** The sets of two or more indices, each in order. */
  groups(): number[][];
}

export function disjointSets(count: number): DisjointSets {
  const parent = Uint32Array.from({ length: count }, (_, i) => i);
  const rootOf = (start: number): number => {
    let node = start;
    for (let up = parent[node] as number; up !== node; up = parent[node] as number) {
      parent[node] = parent[up] as number;
      node = up;
    }
    return node;
  };
  return {
    join(a, b) {
      const [rootA, rootB] = [rootOf(a), rootOf(b)];
      parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
    },
    areJoined: (a, b) => rootOf(a) === rootOf(b),
    groups: () =>
      indicesByKey(Array.from(parent, (_, i) => String(rootOf(i)))).filter((indices) => indices.length > 1),
  };
}
