/** Folds for cross-validation: stratified by class, with groups of samples kept in one fold. */

import { UsageError } from "../util/errors.ts";
import { random, shuffled } from "../util/random.ts";
import { classCounts, type Sample } from "./dataset.ts";
import { deal, type Grouping, groupsOf } from "./split.ts";

export interface FoldOptions {
  readonly folds: number;
  readonly seed: number;
  readonly groupings: readonly Grouping[];
}

/** Returns the fold of each sample, 0 to `folds` − 1. @throws UsageError for fewer groups than folds. */
export function stratifiedFolds(
  samples: readonly Sample[],
  classCount: number,
  { folds, seed, groupings }: FoldOptions,
): number[] {
  const groups = groupsOf(shuffled(samples, random(seed, "folds")), groupings);
  if (groups.length < folds)
    throw new UsageError(
      `${folds} folds of ${samples.length} images in ${groups.length} groups that stay together: ask for fewer folds, or add images`,
    );
  // A class with fewer samples than folds needs a fraction of a sample in each; rounding to 0 would divide by zero.
  const wanted = classCounts(samples, classCount).map((count) => Math.max(count, 1) / folds);
  const dealt = deal(groups, new Map(Array.from({ length: folds }, (_, fold) => [fold, wanted])));
  const foldOf = new Map([...dealt].flatMap(([fold, own]) => own.map(({ id }) => [id, fold] as const)));
  return samples.map(({ id }) => foldOf.get(id) as number);
}
