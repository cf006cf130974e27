/** Scores by subgroup as text, and the column that a person asked for. */

import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { Evaluation } from "../evaluate/evaluate.node.ts";
import { type Interval, type SubgroupScores, subgroupScores } from "../metrics/subgroups.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { percent } from "./output.ts";

export interface ColumnScores extends SubgroupScores {
  readonly column: string;
}

/** @throws UsageError for a column that none of the pictures has, naming those there are. */
export function scoresBy(
  column: string,
  minimum: number,
  { samples }: Pick<PixelCache, "samples">,
  { labels, predicted }: Pick<Evaluation, "labels" | "predicted">,
): ColumnScores {
  const name = checkColumn(column, samples);
  const groupOf = samples.map(({ subgroups }) => subgroups?.[name]);
  const isRight = labels.map((label, i) => label === predicted[i]);
  return { column: name, ...subgroupScores(groupOf, isRight, { minimum }) };
}

/** The column's name as the manifest's reader has it. */
export function checkColumn(column: string, samples: PixelCache["samples"]): string {
  const columns = [...new Set(samples.flatMap(({ subgroups = {} }) => Object.keys(subgroups)))].sort();
  const name = column.trim().toLowerCase();
  if (columns.includes(name)) return name;
  throw new UsageError(
    columns.length > 0
      ? `--subgroup ${column}: there is no such column.${didYouMean(name, columns)} Found: ${columns.join(", ")}`
      : `--subgroup ${column}: the data has no columns of subgroups; give a manifest (CSV) with one, beside path and label`,
  );
}

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
