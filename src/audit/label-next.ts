/** Chooses the unlabelled images to label next: those that a model is uncertain of and that differ from each other. */

import { similarity } from "./nearest.ts";
import type { Features } from "./out-of-sample.ts";

/** Number of images that are also ranked by diversity: about what one person labels in a day. */
const MOST_DIVERSE = 1000;
/** Number of candidates for these, the most uncertain ones. */
const MOST_CANDIDATES = 5000;
/** The maximum cosine distance. */
const FARTHEST = 2;

/**
 * Ranks all images, the one to label first at the front. An image's worth is its uncertainty times its novelty. The
 * uncertainty is 1 minus the margin between its two greatest probabilities (margin sampling, Scheffer et al. 2001). The
 * novelty is the cosine distance of its features to the nearest image ranked before it (farthest-first traversal,
 * Gonzalez 1985). Beyond the first 1,000, only uncertainty counts.
 *
 * @param probabilities [N, classes], row after row.
 * @param unit [N, width], rows of length 1.
 */
export function labelNext(probabilities: Float32Array, classes: number, unit: Features): number[] {
  const uncertainty = Array.from({ length: probabilities.length / classes }, (_, row) =>
    marginUncertainty(probabilities.subarray(row * classes, (row + 1) * classes)),
  );
  const byUncertainty = [...uncertainty.keys()].sort(
    (a, b) => (uncertainty[b] as number) - (uncertainty[a] as number) || a - b,
  );
  const chosen: number[] = [];
  const open = new Set(byUncertainty.slice(0, MOST_CANDIDATES));
  const distance = new Map([...open].map((image) => [image, FARTHEST]));
  while (chosen.length < MOST_DIVERSE && open.size > 0) {
    const next = best(open, (image) => (uncertainty[image] as number) * (distance.get(image) as number));
    open.delete(next);
    chosen.push(next);
    for (const image of open)
      distance.set(image, Math.min(distance.get(image) as number, 1 - similarity(unit, next, image)));
  }
  const first = new Set(chosen);
  return [...chosen, ...byUncertainty.filter((image) => !first.has(image))];
}

/** Returns 1 if the two greatest probabilities are equal, 0 if one class has probability 1. */
function marginUncertainty(row: Float32Array): number {
  const [first = 1, second = 0] = [...row].sort((a, b) => b - a);
  return 1 - (first - second);
}

/** Returns the candidate with the greatest worth; the earliest one if several are equal. */
function best(candidates: Iterable<number>, worth: (image: number) => number): number {
  let [found, greatest] = [-1, Number.NEGATIVE_INFINITY];
  for (const image of candidates) {
    const value = worth(image);
    if (value > greatest) [found, greatest] = [image, value];
  }
  return found;
}
