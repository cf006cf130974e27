/** In which order a person reviews labels. */

import { type Sample, type Split, splits } from "../data/dataset.ts";
import { random, shuffled } from "../util/random.ts";

/**
 * The split whose images are reviewed blind, since results are measured on it: test, or validation where there is no test split.
 * Undefined where the data has one split only.
 */
export function blindSplit(samples: readonly Pick<Sample, "split">[]): Split | undefined {
  const there = splits.filter((split) => samples.some((sample) => sample.split === split));
  return there.length < 2 ? undefined : there.at(-1);
}

/**
 * The images by how doubtful their labels are, the surest errors first; blind images follow at random, since an order would tell
 * what the model answers.
 *
 * @param margins The label's probability less the greatest other one; undefined where it is not known.
 * @param suspects Places in a list of suspects, the surest first: those images come before all others.
 */
export function reviewOrder(
  margins: readonly (number | undefined)[],
  isBlind: (image: number) => boolean,
  suspects: ReadonlyMap<number, number> = new Map(),
): number[] {
  const images = [...margins.keys()];
  const place = (image: number): number => suspects.get(image) ?? Number.POSITIVE_INFINITY;
  const margin = (image: number): number => margins[image] ?? Number.POSITIVE_INFINITY;
  const compared = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);
  const open = images
    .filter((image) => !isBlind(image))
    .sort((a, b) => compared(place(a), place(b)) || compared(margin(a), margin(b)) || a - b);
  return [...open, ...shuffled(images.filter(isBlind), random("review"))];
}
