/** Finds images that are near copies of each other: thumbnails, recompressed and slightly edited copies. */

import { disjointSets } from "../util/disjoint-sets.ts";
import type { Picture } from "./dataset.ts";
import { type ImageLook, keysAround, lookOf } from "./image-keys.ts";

/**
 * Collects descriptions of images (256 bytes each), then reports which are near copies, directly or through other
 * copies.
 */
export class NearCopies {
  readonly #looks = new Map<string, ImageLook>();

  /** Images without structure have no copies. */
  add(id: string, picture: Picture): void {
    const look = lookOf(picture);
    if (look) this.#looks.set(id, look);
  }

  /** Maps near copies to the same text, the id of the first of them. */
  groups(): ReadonlyMap<string, string> {
    const ids = [...this.#looks.keys()];
    const looks = [...this.#looks.values()];
    const sets = disjointSets(ids.length);
    const first = new Map<number, number>();
    for (const [index, { key }] of looks.entries()) {
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, index);
      else sets.join(earlier, index);
    }
    for (const [index, look] of looks.entries())
      for (const key of keysAround(look)) {
        const other = first.get(key);
        if (other !== undefined) sets.join(other, index);
      }
    return new Map(ids.map((id, index) => [id, ids[sets.rootOf(index)] as string]));
  }
}
