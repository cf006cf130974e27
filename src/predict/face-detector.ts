/** The interface of a face detector. */

import type { Picture } from "../data/dataset.ts";
import type { DetectedFace } from "./boxes.ts";

export interface FaceDetector {
  /**
   * Returns the faces of an image by decreasing score, with boxes in pixels, clipped to the image. `onLook` is called
   * for every run of the network, to measure the cost of a search.
   */
  detect(picture: Picture, onLook?: () => void): Promise<readonly DetectedFace[]>;
  release(): Promise<void>;
}
