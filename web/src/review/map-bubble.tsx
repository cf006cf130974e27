/** The image of a point, on the side with more room. */

import type { ReviewSet } from "../../../src/server/review/protocol.ts";
import type { Extent } from "../parts/place-labels.ts";
import type { Point } from "./map-geometry.ts";
import { imageAddress, THUMBNAIL } from "./requests.ts";
import type { Review } from "./review.ts";
import { spokenImage } from "./words.ts";

export interface BubbleProps {
  readonly set: ReviewSet;
  readonly review: Review;
  readonly image: number;
  readonly at: Point;
  readonly extent: Extent;
}

export function Bubble({ set, review, image, at, extent }: BubbleProps) {
  const [x, y] = [at.x > extent.width / 2 ? "end" : "start", at.y > extent.height / 2 ? "end" : "start"];
  return (
    <div class={`map-bubble ${x}-x ${y}-y`} style={{ left: `${at.x}px`, top: `${at.y}px` }}>
      <img src={imageAddress(set, image, THUMBNAIL)} alt="" key={image} width="112" height="112" />
      <span>{spokenImage(set, image, review.decisionOf(image))}</span>
    </div>
  );
}
