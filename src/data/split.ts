/** Cuts validation and test samples from the training ones: stratified by class, seeded, groups kept on one side. */

import { disjointSets } from "../util/disjoint-sets.ts";
import { UsageError } from "../util/errors.ts";
import { random, shuffled } from "../util/random.ts";
import { option } from "../util/spelling.ts";
import { plural } from "./assemble.ts";
import { classCounts, type Dataset, fingerprintOf, type Sample, type Split } from "./dataset.ts";

/** Shares of the training samples, above 0 and below 1. A split that the data already has is kept, not cut. */
export interface SplitShares {
  readonly validation?: number | undefined;
  readonly test?: number | undefined;
}

/** The splits that a training cuts. */
export interface CutShares extends SplitShares {
  /** Whether near copies of an image stay on its side. New trainings do this; versions until November 2026 separated them. */
  readonly nearCopies?: boolean | undefined;
}

/** Returns the group of a sample in one respect: the person in the image, or its pixels. */
export type Grouping = (sample: Sample) => string | undefined;

export interface SplitOptions extends SplitShares {
  readonly seed: number;
  /** Samples that share a group in any of these respects stay together. Default: the person, if known. */
  readonly groupings?: readonly Grouping[];
}

export const byIdentity: Grouping = ({ identity }) => identity;

/**
 * Returns the data set with some training samples moved to validation and test, and a note on the cut.
 *
 * Without groups each class gives exactly round(count × share) samples, at least one. With groups, the counts are as
 * close to that as whole groups allow: the largest groups are assigned first, each to the side that needs its classes
 * most.
 *
 * @throws UsageError for shares that leave nothing to train on, or a class with too few samples or groups to cut.
 */
export function cutSplits(dataset: Dataset, options: SplitOptions): Dataset {
  const { classes } = dataset;
  const { seed, groupings = [byIdentity] } = options;
  const notes = [...dataset.notes];
  const shares = new Map<Split, number>();
  for (const split of ["validation", "test"] as const) {
    const share = options[split];
    if (share === undefined) continue;
    if (!(share > 0 && share < 1))
      throw new UsageError(`${option(split)} is ${share}, expected a share like 0.2`);
    const given = dataset.samples.some((sample) => sample.split === split);
    if (given) notes.push(`the ${split} split of the data is kept`);
    else shares.set(split, share);
  }
  if (shares.size === 0) return { ...dataset, notes };

  const training = dataset.samples.filter((sample) => sample.split === "train");
  const counts = classCounts(training, classes.length);
  const wanted = wantedCounts(classes, counts, shares);
  const groups = groupsOf(shuffled(training, random(seed, "split")), groupings);
  const sideOf = new Map<Sample, Split>();
  for (const [side, samples] of deal(groups, wanted)) for (const sample of samples) sideOf.set(sample, side);
  const samples = dataset.samples.map((sample) => ({ ...sample, split: sideOf.get(sample) ?? sample.split }));
  checkEveryClass(classes, samples, [...wanted.keys()]);
  for (const [split, share] of shares) {
    const cut = samples.filter(
      (sample, i) => sample.split === split && dataset.samples[i]?.split === "train",
    );
    notes.push(
      `${split}: ${plural(cut.length, "image")} cut from training (${share} of each class, seed ${seed})`,
    );
    const off = furthestOff(classCounts(cut, classes.length), wanted.get(split) ?? [], counts);
    if (off)
      notes.push(
        `${split}: groups that stay together make its share of ${classes[off.label]} ` +
          `${percent(off.share)} instead of ${percent(off.asked)}; no class is further off`,
      );
  }
  return { ...dataset, samples, notes, fingerprint: fingerprintOf(classes, samples) };
}

/**
 * Distributes whole groups over the sides so that each side gets as close as possible to its target number of samples
 * per class. The largest groups are assigned first, each to the side that needs its classes most.
 */
export function deal<Side>(
  groups: readonly (readonly Sample[])[],
  wanted: ReadonlyMap<Side, readonly number[]>,
): Map<Side, Sample[]> {
  const dealt = new Map([...wanted.keys()].map((side) => [side, [] as Sample[]]));
  const lacking = new Map([...wanted].map(([side, counts]) => [side, [...counts]]));
  const at = (table: ReadonlyMap<Side, readonly number[]>, side: Side, label: number): number =>
    table.get(side)?.[label] ?? 0;
  for (const group of groups.toSorted((a, b) => b.length - a.length)) {
    const need = (side: Side): number =>
      group.reduce((sum, { label }) => sum + at(lacking, side, label) / at(wanted, side, label), 0);
    const side = [...wanted.keys()].reduce((best, one) => (need(one) > need(best) ? one : best));
    for (const sample of group) {
      (lacking.get(side) as number[])[sample.label] = at(lacking, side, sample.label) - 1;
      dealt.get(side)?.push(sample);
    }
  }
  return dealt;
}

/**
 * Returns lists of samples that must stay together, directly or through others. The lists and their samples are in
 * the order of `samples`.
 */
export function groupsOf(samples: readonly Sample[], groupings: readonly Grouping[]): Sample[][] {
  const sets = disjointSets(samples.length);
  for (const grouping of groupings) {
    const first = new Map<string, number>();
    for (const [index, sample] of samples.entries()) {
      const name = grouping(sample);
      if (name === undefined) continue;
      const earlier = first.get(name);
      if (earlier === undefined) first.set(name, index);
      else sets.join(earlier, index);
    }
  }
  const byRoot = new Map<number, Sample[]>();
  for (const [index, sample] of samples.entries()) {
    const group = byRoot.get(sets.rootOf(index));
    if (group) group.push(sample);
    else byRoot.set(sets.rootOf(index), [sample]);
  }
  return [...byRoot.values()];
}

/**
 * Returns the class whose count deviates most from its target, relative to all its samples; none if every target is
 * met.
 */
function furthestOff(
  got: readonly number[],
  wanted: readonly number[],
  all: readonly number[],
): { label: number; share: number; asked: number } | undefined {
  const off = (label: number): number =>
    Math.abs((got[label] ?? 0) - (wanted[label] ?? 0)) / (all[label] ?? 1);
  const label = got.reduce((best, _, one) => (off(one) > off(best) ? one : best), 0);
  if (off(label) === 0) return undefined;
  const total = all[label] ?? 1;
  return { label, share: (got[label] ?? 0) / total, asked: (wanted[label] ?? 0) / total };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Returns the number of samples of each class that each side should get. */
function wantedCounts(
  classes: readonly string[],
  counts: readonly number[],
  shares: ReadonlyMap<Split, number>,
): Map<Split, number[]> {
  const sum = [...shares.values()].reduce((a, b) => a + b, 0);
  if (sum >= 1)
    throw new UsageError(
      `${option("validation")} and ${option("test")} add up to ${sum}: nothing is left to train on`,
    );
  for (const [label, count] of counts.entries()) {
    if (count > shares.size) continue;
    throw new UsageError(
      `Class "${classes[label]}" has ${plural(count, "training image")}, too few to cut ` +
        `${[...shares.keys()].join(" and ")} from. Add images or leave the class out with --classes.`,
    );
  }
  const cut = [...shares].map(
    ([split, share]) => [split, counts.map((count) => Math.max(1, Math.round(count * share)))] as const,
  );
  const rest = counts.map((count, label) =>
    Math.max(
      1,
      cut.reduce((left, [, wanted]) => left - (wanted[label] ?? 0), count),
    ),
  );
  return new Map<Split, number[]>([["train", rest], ...cut]);
}

function checkEveryClass(
  classes: readonly string[],
  samples: readonly Sample[],
  sides: readonly Split[],
): void {
  for (const side of sides) {
    const counts = classCounts(
      samples.filter((sample) => sample.split === side),
      classes.length,
    );
    const missing = classes[counts.indexOf(0)];
    if (missing !== undefined) {
      throw new UsageError(
        `No images of "${missing}" are left for ${side} when each person and each group of copies stays on one side. ` +
          "Add images of other people to the class, leave it out with --classes, or provide the splits yourself.",
      );
    }
  }
}
