/** Scores by subgroup as text. */

import type { ColumnScores } from "../jobs/subgroups.ts";
import type { Interval, SubgroupScores } from "../metrics/subgroups.ts";
import { counted } from "../util/counted.ts";
import { percent } from "./output.ts";
import { tableText } from "./table.ts";
import { widthOf } from "./terminal.ts";

export function subgroupText({ column, people, ...scores }: ColumnScores): string {
  const own = groupText(column, "accuracy", scores);
  return people ? `${own}\n\n${groupText(column, "agreement with people", people)}` : own;
}

function groupText(
  column: string,
  measure: string,
  { groups, suppressed, minimum, without, accuracy, n }: SubgroupScores,
): string {
  const range = ([low, high]: Interval): string => `${percent(low)} to ${percent(high)}`;
  const gap = (difference: number, [low, high]: Interval): string =>
    `${signed(difference)} (${signed(low)} to ${signed(high)})`;
  const small = suppressed.map(({ name, n: count }) => `${name} (${count})`);
  return [
    tableText(
      [
        { name: column },
        { name: "n", right: true },
        { name: measure, right: true },
        { name: "95 % interval" },
        { name: "points above all" },
        { name: "points above the best" },
      ],
      [
        ...groups.map((group) => [
          group.name,
          String(group.n),
          percent(group.accuracy),
          range(group.interval),
          gap(group.toAll, group.toAllInterval),
          group.toBest === 0 ? "best" : gap(group.toBest, group.toBestInterval),
        ]),
        ["all", String(n), percent(accuracy)],
      ],
      widthOf(),
    ),
    ...(small.length > 0
      ? [`not scored, because they have fewer than ${minimum} images: ${small.join(", ")}`]
      : []),
    ...(without > 0 ? [`${counted(without, "image")} ${without === 1 ? "has" : "have"} no ${column}`] : []),
  ].join("\n");
}

/** Formats a difference of shares in percentage points. */
function signed(share: number): string {
  const points = (100 * share).toFixed(1);
  return Number(points) > 0 ? `+${points}` : points.replace(/^-0\.0$/, "0.0");
}
