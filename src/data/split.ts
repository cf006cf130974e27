/** Cuts validation and test samples from the training ones: stratified by class, seeded, people kept on one side. */

import { UsageError } from "../util/errors.ts";
import { random, shuffled } from "../util/random.ts";
import { plural } from "./assemble.ts";
import { classCounts, type Dataset, fingerprintOf, indicesOf, type Sample, type Split } from "./dataset.ts";

export interface SplitOptions {
  /** Share of the training samples, above 0 and below 1. A split that the data already has is kept, not cut. */
  readonly validation?: number;
  readonly test?: number;
  readonly seed: number;
  /** Samples with the same group stay together; by default the person in the picture, where that is known. */
  readonly groupOf?: (sample: Sample) => string | undefined;
}

/**
 * The data set with some of its training samples moved to validation and test, and a note on what was done.
 *
 * Without groups each class gives exactly round(count × share) samples, at least one. With groups the counts are as
 * near to that as whole groups allow: the largest first, each to the side that lacks most of what the group holds.
 *
 * @throws UsageError for shares that leave nothing to train on, or a class with too few samples or groups to cut.
 */
export function cutSplits(dataset: Dataset, options: SplitOptions): Dataset {
  const { classes } = dataset;
  const { seed, groupOf = (sample) => sample.identity } = options;
  const notes = [...dataset.notes];
  const shares = new Map<Split, number>();
  for (const split of ["validation", "test"] as const) {
    const share = options[split];
    if (share === undefined) continue;
    if (!(share > 0 && share < 1)) throw new UsageError(`--${split} is ${share}, expected a share like 0.2`);
    const given = dataset.samples.some((sample) => sample.split === split);
    if (given) notes.push(`the ${split} split of the data is kept`);
    else shares.set(split, share);
  }
  if (shares.size === 0) return { ...dataset, notes };

  const training = dataset.samples.filter((sample) => sample.split === "train");
  const wanted = wantedCounts(classes, classCounts(training, classes.length), shares);
  const sideOf = new Map<Sample, Split>();
  const lacking = new Map([...wanted].map(([split, counts]) => [split, [...counts]]));
  for (const group of groupsOf(training, groupOf, seed)) {
    const counts = classCounts(group, classes.length);
    const need = (split: Split): number => {
      const lacks = counts.map((n, c) => n && (n * at(lacking, split, c)) / at(wanted, split, c));
      return lacks.reduce((a, b) => a + b, 0);
    };
    const side = [...wanted.keys()].reduce((best, split) => (need(split) > need(best) ? split : best));
    lacking.set(
      side,
      counts.map((n, c) => at(lacking, side, c) - n),
    );
    for (const sample of group) sideOf.set(sample, side);
  }
  const samples = dataset.samples.map((sample) => ({ ...sample, split: sideOf.get(sample) ?? sample.split }));
  checkEveryClass(classes, samples, [...wanted.keys()]);
  for (const [split, share] of shares) {
    const cut = plural(indicesOf(samples, split).length, "picture");
    notes.push(`${split}: ${cut} cut from training (${share} of each class, seed ${seed})`);
  }
  return { ...dataset, samples, notes, fingerprint: fingerprintOf(classes, samples) };
}

/** How many samples of each class every side should get. */
function wantedCounts(
  classes: readonly string[],
  counts: readonly number[],
  shares: ReadonlyMap<Split, number>,
): Map<Split, number[]> {
  const sum = [...shares.values()].reduce((a, b) => a + b, 0);
  if (sum >= 1) throw new UsageError(`--validation and --test add up to ${sum}: nothing is left to train on`);
  for (const [label, count] of counts.entries()) {
    if (count > shares.size) continue;
    throw new UsageError(
      `Class "${classes[label]}" has ${plural(count, "training picture")}, too few to cut ` +
        `${[...shares.keys()].join(" and ")} from. Add pictures or leave the class out with --classes.`,
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

function at(table: ReadonlyMap<Split, readonly number[]>, split: Split, label: number): number {
  return table.get(split)?.[label] ?? 0;
}

/** Samples that must stay together, the largest groups first, otherwise in random order. */
function groupsOf(
  samples: readonly Sample[],
  groupOf: (sample: Sample) => string | undefined,
  seed: number,
): Sample[][] {
  const groups = new Map<string | Sample, Sample[]>();
  for (const sample of shuffled(samples, random(seed, "split"))) {
    const name = groupOf(sample) ?? sample;
    const group = groups.get(name);
    if (group) group.push(sample);
    else groups.set(name, [sample]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
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
        `No pictures of "${missing}" are left for ${side} when each person stays on one side. ` +
          "Add people to the class, leave it out with --classes, or give the splits yourself.",
      );
    }
  }
}
