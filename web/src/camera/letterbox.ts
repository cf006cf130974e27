/** The position of an image in the camera's stage, which may have another aspect ratio. */

import type { Box } from "../../../src/predict/boxes.ts";
import type { Extent, Rect } from "../parts/place-labels.ts";

/** Maps a box of an image that is centred and shown whole in the stage to pixels of the stage. */
export function onStage({ x, y, width, height }: Box, picture: Extent, stage: Extent): Rect {
  const scale = Math.min(stage.width / picture.width, stage.height / picture.height);
  return {
    left: stage.width / 2 + scale * (x - picture.width / 2),
    top: stage.height / 2 + scale * (y - picture.height / 2),
    width: scale * width,
    height: scale * height,
  };
}
