/** Applies a list of suspects to the images of a review. */

import { readSuspects } from "../audit/suspects.node.ts";
import type { Sample } from "../data/dataset.ts";
import { UsageError } from "../util/errors.ts";
import type { Teller } from "./events.ts";

/** The entry of an image in a list of suspects. */
export interface Suggestion {
  /** Position in the list, counted from 0. */
  readonly place: number;
  /** Index of the suggested class. */
  readonly label: number;
}

/**
 * Returns the suggestions by image index. Notes report images that are not reviewed.
 *
 * @throws UsageError for a list of other images or other classes.
 */
export async function suggestionsIn(
  path: string,
  samples: readonly Sample[],
  classes: readonly string[],
  teller: Teller,
): Promise<ReadonlyMap<number, Suggestion>> {
  const suspects = await readSuspects(path);
  const indexOf = new Map(samples.map(({ id }, image) => [id, image]));
  const found = new Map<number, Suggestion>();
  for (const [place, { id, suggested }] of suspects.entries()) {
    const image = indexOf.get(id);
    if (image === undefined) continue;
    const label = classes.indexOf(suggested);
    if (label < 0)
      throw new UsageError(`${path}: there is no class "${suggested}"; the data has ${classes.join(", ")}`);
    found.set(image, { place, label });
  }
  const missing = suspects.length - found.size;
  if (suspects.length === 0) teller.note(`${path} lists no suspects`);
  else if (found.size === 0)
    throw new UsageError(`--suspects ${path}: none of its ${suspects.length} images is in the data`);
  else if (missing > 0)
    teller.note(`${path}: ${missing} of its ${suspects.length} images are not among those reviewed`);
  return found;
}
