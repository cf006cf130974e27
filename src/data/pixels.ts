/** Decoded images with their samples, wherever they are kept: `pixel-cache.node.ts` has those of Node, on disk too. */

import type { Picture, PictureShape, Sample } from "./dataset.ts";

export interface Pixels {
  /** The methods take indices into this list. */
  readonly samples: readonly Sample[];
  /** What is known of an image without reading its pixels. */
  shape(index: number): PictureShape;
  /** Treat the pixels as read-only: in memory they are the cache's own. */
  get(index: number): Picture;
}
