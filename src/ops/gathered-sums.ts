/** Sums of rows selected by a table: they add the entries of overlapping windows or tiles onto the pixels under them. */

import type { Value } from "../graph/types.ts";
import { add } from "./add.ts";
import { concat } from "./concat.ts";
import { gather } from "./gather.ts";
import { withRow } from "./with-row.ts";

/**
 * Maps `x` [N, R, C] to [N, P, C]: place p is the sum of the rows `picked[p]` in that order, 0 if there are none.
 * Places with equal numbers of rows are processed together, with one gather and one addition per row, and sorted at the
 * end. Padding all places with zeros to the same number of rows would take twice the work.
 */
export function gatheredSums(x: Value, picked: readonly (readonly number[])[]): Value {
  const groups = new Map<number, number[]>();
  for (const [place, { length }] of picked.entries()) {
    const group = groups.get(length);
    if (group) group.push(place);
    else groups.set(length, [place]);
  }
  const empty = groups.get(0) ?? [];
  groups.delete(0);
  // One gather per row, then additions: a ReduceSum over such a short axis is slower.
  const sums = [...groups].map(([count, places]) =>
    Array.from({ length: count }, (_, i) =>
      gather(
        x,
        Int32Array.from(places, (place) => picked[place]?.[i] as number),
        1,
      ),
    ).reduce(add),
  );
  const done = [...groups.values()].flat();
  const joined = sums.length === 1 ? (sums[0] as Value) : concat(sums, 1);
  if (groups.size === 1 && empty.length === 0) return joined;
  const position = new Int32Array(picked.length).fill(done.length);
  for (const [i, place] of done.entries()) position[place] = i;
  return gather(empty.length > 0 ? withRow(joined, 0) : joined, position, 1);
}
