/** The order in which a person reviews labels. */

import { type Sample, type Split, splits } from "../data/dataset.ts";
import { random, shuffled } from "../util/random.ts";

/**
 * Returns the split whose images are reviewed blind because results are measured on it: test, or validation if there is
 * no test split. Undefined if the data has only one split.
 */
export function blindSplit(samples: readonly Pick<Sample, "split">[]): Split | undefined {
  const there = splits.filter((split) => samples.some((sample) => sample.split === split));
  return there.length < 2 ? undefined : there.at(-1);
}

/**
 * Orders the images by how doubtful their labels are, most suspicious first. Blind images follow in random order,
 * because any other order would reveal the model's answers.
 *
 * @param margins The label's probability minus the greatest other one; undefined if unknown.
 * @param suspects Positions in a list of suspects, most suspicious first. These images come before all others.
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
