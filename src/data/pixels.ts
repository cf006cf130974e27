/**
 * Decoded images with their samples, regardless of where they are kept; `pixel-cache.node.ts` is the implementation
 * for Node, which also uses the disk.
 */

import type { Picture, PictureShape, Sample } from "./dataset.ts";

export interface Pixels {
  /** The methods take indices into this list. */
  readonly samples: readonly Sample[];
  /** Returns what is known about an image without reading its pixels. */
  shape(index: number): PictureShape;
  /** Returns an image. Its pixels are read-only: in memory they belong to the cache. */
  get(index: number): Picture;
}
