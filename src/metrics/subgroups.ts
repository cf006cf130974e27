/** Accuracy by subgroup, and the gaps between subgroups. */

import { indicesByKey } from "../util/disjoint-sets.ts";
import { VultusError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { percentileInterval, type ResampleOptions } from "./bootstrap.ts";
import { intervalOfAlike } from "./wilson.ts";

/** Share of the resampled scores inside an interval. */
const LEVEL = 0.95;

export type Interval = readonly [low: number, high: number];

export interface SubgroupScore {
  readonly name: string;
  readonly n: number;
  readonly accuracy: number;
  /** Bootstrap interval, or Wilson's if all or no samples of the group are right. */
  readonly interval: Interval;
  /** Accuracy minus the accuracy of all samples, including this group and the suppressed ones. */
  readonly toAll: number;
  readonly toAllInterval: Interval;
  /** Accuracy minus the accuracy of the best group; 0 for the best. */
  readonly toBest: number;
  readonly toBestInterval: Interval;
}

export interface SubgroupScores {
  /** Minimum number of samples for a group to be scored. */
  readonly minimum: number;
  readonly n: number;
  readonly accuracy: number;
  /** Best first. */
  readonly groups: readonly SubgroupScore[];
  /** Groups that are too small to be scored. */
  readonly suppressed: readonly { readonly name: string; readonly n: number }[];
  /** Number of samples without a group. */
  readonly without: number;
}

export interface SubgroupOptions extends ResampleOptions {
  readonly minimum?: number;
}

/** With 30 samples the interval of an accuracy is still about 35 points wide; below that a gap means nothing. */
export const MINIMUM_GROUP = 30;

/**
 * Scores each group. `groupOf` and `isRight` have one entry per sample. All intervals come from the same resamples of
 * all samples (Efron 1979), so a gap has the interval of the difference itself. The best group is chosen on the
 * original samples, so with many groups the gap to it is slightly overestimated.
 */
export function subgroupScores(
  groupOf: readonly (string | undefined)[],
  isRight: readonly boolean[],
  { minimum = MINIMUM_GROUP, seed = 0, resamples = 2000 }: SubgroupOptions = {},
): SubgroupScores {
  const n = groupOf.length;
  if (n === 0 || isRight.length !== n)
    throw new VultusError(
      `${n} groups but ${isRight.length} answers: give one group and one answer per sample, for at least one sample.`,
    );
  const named = indicesByKey(groupOf.map((name) => name ?? "")).flatMap((indices) => {
    const name = groupOf[indices[0] as number];
    return name === undefined ? [] : [{ name, indices }];
  });
  const accuracyOf = (indices: readonly number[]): number =>
    indices.filter((i) => isRight[i]).length / indices.length;
  const shown = named
    .filter(({ indices }) => indices.length >= minimum)
    .map(({ name, indices }) => ({ name, indices, accuracy: accuracyOf(indices) }))
    .sort((a, b) => b.accuracy - a.accuracy || (a.name < b.name ? -1 : 1));
  const all = isRight.filter(Boolean).length / n;
  const best = shown[0]?.accuracy ?? 0;

  const place = new Int32Array(n).fill(-1);
  for (const [g, { indices }] of shown.entries()) for (const i of indices) place[i] = g;
  const drawn = resampled(place, isRight, shown.length, resamples, seed);
  const interval = (g: number, against?: Float64Array): Interval => {
    const own = drawn.groups[g] as Float64Array;
    return percentileInterval(against ? own.map((value, r) => value - (against[r] as number)) : own, LEVEL);
  };
  return {
    minimum,
    n,
    accuracy: all,
    groups: shown.map(({ name, indices, accuracy }, g) => ({
      name,
      n: indices.length,
      accuracy,
      interval: intervalOfAlike(Math.round(accuracy * indices.length), indices.length) ?? interval(g),
      toAll: accuracy - all,
      toAllInterval: interval(g, drawn.all),
      toBest: accuracy - best,
      toBestInterval: interval(g, drawn.groups[0]),
    })),
    suppressed: named
      .filter(({ indices }) => indices.length < minimum)
      .map(({ name, indices }) => ({ name, n: indices.length }))
      .sort((a, b) => b.n - a.n || (a.name < b.name ? -1 : 1)),
    without: groupOf.filter((name) => name === undefined).length,
  };
}

/** Returns accuracies of resampled samples: overall, and per group. `place` holds the group of each sample, or -1. */
function resampled(
  place: Int32Array,
  isRight: readonly boolean[],
  groups: number,
  resamples: number,
  seed: number,
): { all: Float64Array; groups: Float64Array[] } {
  const n = place.length;
  const all = new Float64Array(resamples);
  const own = Array.from({ length: groups }, () => new Float64Array(resamples));
  const rng = random(seed, "subgroups");
  const counts = new Uint32Array(groups);
  const rights = new Uint32Array(groups);
  for (let r = 0; r < resamples; r++) {
    counts.fill(0);
    rights.fill(0);
    let right = 0;
    for (let k = 0; k < n; k++) {
      const i = rng.integer(n);
      const g = place[i] as number;
      if (isRight[i]) right++;
      if (g < 0) continue;
      counts[g] = (counts[g] as number) + 1;
      if (isRight[i]) rights[g] = (rights[g] as number) + 1;
    }
    all[r] = right / n;
    // A small group can be missing from a resample; it then gets the overall accuracy.
    for (const [g, values] of own.entries())
      values[r] = counts[g] ? (rights[g] as number) / counts[g] : right / n;
  }
  return { all, groups: own };
}
