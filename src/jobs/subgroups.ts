/** Scores by subgroup, from a column of a manifest. */

import type { PixelCache } from "../data/pixel-cache.node.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import { votesOf } from "../evaluate/people-votes.ts";
import { type SubgroupScores, subgroupScores } from "../metrics/subgroups.ts";
import { chosenClass } from "../metrics/votes.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";

export interface ColumnScores extends SubgroupScores {
  readonly column: string;
  /** The same scores for agreement with the plurality of people, on images that have one; missing if no image has. */
  readonly people?: SubgroupScores;
}

/** @throws UsageError for a column that no image has; the message names the columns that exist. */
export function scoresBy(
  column: string,
  minimum: number,
  { samples }: Pick<PixelCache, "samples">,
  { labels, predicted, classes }: Pick<Evaluation, "labels" | "predicted" | "classes">,
): ColumnScores {
  const name = checkColumn(column, samples);
  const groupOf = samples.map(({ subgroups }) => subgroups?.[name]);
  const isRight = labels.map((label, i) => label === predicted[i]);
  const voted = votesOf(samples).flatMap((counts, i) => {
    const plurality = counts && chosenClass(counts, classes.length);
    return plurality === undefined ? [] : [{ group: groupOf[i], isRight: plurality === predicted[i] }];
  });
  return {
    column: name,
    ...subgroupScores(groupOf, isRight, { minimum }),
    ...(voted.length > 0 && {
      people: subgroupScores(
        voted.map(({ group }) => group),
        voted.map((image) => image.isRight),
        { minimum },
      ),
    }),
  };
}

/** Returns the column's name as read from the manifest. */
export function checkColumn(column: string, samples: PixelCache["samples"]): string {
  const columns = [...new Set(samples.flatMap(({ subgroups = {} }) => Object.keys(subgroups)))].sort();
  const name = column.trim().toLowerCase();
  if (columns.includes(name)) return name;
  throw new UsageError(
    columns.length > 0
      ? `--subgroup ${column}: no such column.${didYouMean(name, columns)} Found: ${columns.join(", ")}`
      : `--subgroup ${column}: the data has no subgroup columns; give a manifest (CSV) that has one in addition to path and label`,
  );
}
