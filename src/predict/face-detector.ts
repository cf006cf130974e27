/** What finds faces, whatever it is made of. */

import type { Picture } from "../data/dataset.ts";
import type { DetectedFace } from "./boxes.ts";

export interface FaceDetector {
  /**
   * The faces of an image, the surest first; boxes in its pixels, within its borders. `onLook` is called whenever the network is
   * run, once or many times: what a search costs.
   */
  detect(picture: Picture, onLook?: () => void): Promise<readonly DetectedFace[]>;
  release(): Promise<void>;
}
