/** Scores by subgroup as text. */

import type { ColumnScores } from "../jobs/subgroups.ts";
import type { Interval } from "../metrics/subgroups.ts";
import { percent } from "./output.ts";

export function subgroupText({
  column,
  groups,
  suppressed,
  minimum,
  without,
  accuracy,
  n,
}: ColumnScores): string {
  const width = Math.max(column.length, "all".length, ...groups.map(({ name }) => name.length));
  const range = ([low, high]: Interval): string => `${percent(low)} to ${percent(high)}`;
  const gap = (difference: number, [low, high]: Interval): string =>
    `${signed(difference)} (${signed(low)} to ${signed(high)})`;
  const row = (
    ...[name = "", count = "", share = "", interval = "", toAll = "", toBest = ""]: string[]
  ): string =>
    `${name.padEnd(width)} ${count.padStart(7)} ${share.padStart(9)}  ${interval.padEnd(18)} ${toAll.padEnd(25)} ${toBest}`.trimEnd();
  const small = suppressed.map(({ name, n: count }) => `${name} (${count})`);
  return [
    row(column, "n", "accuracy", "95 % interval", "points above all", "points above the best"),
    ...groups.map((group) =>
      row(
        group.name,
        String(group.n),
        percent(group.accuracy),
        range(group.interval),
        gap(group.toAll, group.toAllInterval),
        group.toBest === 0 ? "best" : gap(group.toBest, group.toBestInterval),
      ),
    ),
    row("all", String(n), percent(accuracy)),
    ...(small.length > 0 ? [`not scored, with fewer than ${minimum} pictures: ${small.join(", ")}`] : []),
    ...(without > 0 ? [`${without} pictures have no ${column}`] : []),
  ].join("\n");
}

/** A difference of shares in percentage points. */
function signed(share: number): string {
  const points = (100 * share).toFixed(1);
  return Number(points) > 0 ? `+${points}` : points.replace(/^-0\.0$/, "0.0");
}
