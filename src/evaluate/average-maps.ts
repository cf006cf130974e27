/** What a classifier attends to overall: per class, the mean heat map and the mean face. */

import type { Picture } from "../data/dataset.ts";
import type { Explanation } from "./explain.ts";

export interface AverageMap {
  /** [size, size], divided by its maximum. */
  readonly map: Float32Array;
  readonly size: number;
  /** Mean of the images that the network saw. */
  readonly seen: Picture;
  readonly count: number;
}

/** Returns one average per class; undefined for a class without heat maps. */
export function averageMaps(
  explanations: readonly Explanation[],
  classes: number,
): (AverageMap | undefined)[] {
  return Array.from({ length: classes }, (_, k) => {
    const own = explanations.filter(({ target }) => target === k);
    const [first] = own;
    if (!first) return undefined;
    const map = meanOf(own.map((explanation) => explanation.map));
    const greatest = map.reduce((most, value) => Math.max(most, value), 0);
    const pixels = Uint8Array.from(meanOf(own.map(({ seen }) => seen.pixels)), Math.round);
    return {
      map: Float32Array.from(map, (value) => (greatest > 0 ? value / greatest : 0)),
      size: first.size,
      seen: { ...first.seen, pixels },
      count: own.length,
    };
  });
}

function meanOf(rows: readonly ArrayLike<number>[]): Float64Array {
  const sums = new Float64Array((rows[0] as ArrayLike<number>).length);
  for (const row of rows)
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (row[i] as number) / rows.length;
  return sums;
}
