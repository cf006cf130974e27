/** Groups items that belong together, by a common key or by pairwise joins. */

/** Returns the indices of equal keys, in order of first appearance. */
export function indicesByKey(keys: readonly string[]): number[][] {
  const byKey = new Map<string, number[]>();
  for (const [index, key] of keys.entries()) {
    const indices = byKey.get(key);
    if (indices) indices.push(index);
    else byKey.set(key, [index]);
  }
  return [...byKey.values()];
}

/** Disjoint sets, initially one per index. Indices that are connected by any number of joins form one set. */
export interface DisjointSets {
  join(a: number, b: number): void;
  areJoined(a: number, b: number): boolean;
  /** Returns the smallest index of the set. */
  rootOf(index: number): number;
  /** Returns the sets of two or more indices, each in order. */
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
    rootOf,
    areJoined: (a, b) => rootOf(a) === rootOf(b),
    groups: () =>
      indicesByKey(Array.from(parent, (_, i) => String(rootOf(i)))).filter((indices) => indices.length > 1),
  };
}
