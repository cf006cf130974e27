/** Cuts new splits for a data set that may have some: requested splits are cut again, the others are kept. */

import { plural } from "./assemble.ts";
import { type Dataset, fingerprintOf, type Sample, type Split } from "./dataset.ts";
import { byIdentity, cutSplits, groupsOf, type SplitOptions } from "./split.ts";

/**
 * Cuts splits again that have a share in `options`, from the training images and from the images that they had. Keeps splits
 * without a share, image by image; training then loses the images that are in a group with one of theirs, and a note reports
 * how many.
 *
 * @throws UsageError as `cutSplits` does.
 */
export function resplit(dataset: Dataset, options: SplitOptions): Dataset {
  const { groupings = [byIdentity] } = options;
  const anew = (split: Split): boolean => split !== "train" && options[split] !== undefined;
  const notes = [...dataset.notes];
  for (const split of ["validation", "test"] as const) {
    const before = dataset.samples.filter((sample) => sample.split === split).length;
    if (before === 0) continue;
    const had = `the data has a ${split} split of ${plural(before, "image")}`;
    notes.push(anew(split) ? `${had}, which is cut again` : `${had}, which is kept`);
  }
  const pooled = dataset.samples.map(
    (sample): Sample => (anew(sample.split) ? { ...sample, split: "train" } : sample),
  );
  const lost = new Set(
    groupsOf(pooled, groupings)
      .filter((group) => group.some(({ split }) => split !== "train"))
      .flatMap((group) => group.filter(({ split }) => split === "train")),
  );
  if (lost.size > 0)
    notes.push(
      `${plural(lost.size, "training image")} left out: copies of images in a kept split, or images of the same people`,
    );
  const samples = pooled.filter((sample) => !lost.has(sample));
  const { classes } = dataset;
  return cutSplits({ ...dataset, samples, notes, fingerprint: fingerprintOf(classes, samples) }, options);
}
