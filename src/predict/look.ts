/** One look at a part of an image, with a network that finds faces of some sizes. */

import type { Picture } from "../data/dataset.ts";
import { areaOf, type Box, type DetectedFace } from "./boxes.ts";
import { type ImagePyramid, onCanvas } from "./image-pyramid.ts";
import { lifted } from "./shadows.ts";

/** A network that finds faces in an image whose sides are multiples of `step`; boxes in pixels of that image. */
export interface FaceNetwork {
  readonly step: number;
  /** Side of the only square that it takes, which is then also `step`; left out, it takes images of any size. */
  readonly side?: number;
  /** Something may be a face from this score on. Default: 0.1. */
  readonly hint?: number;
  /** Sides in pixels of the faces that it sees well. */
  readonly sees: { readonly smallest: number; readonly largest: number };
  /** Faces that score at least `least`. */
  find(image: Picture, least: number): Promise<readonly DetectedFace[]>;
}

/** Of a box that lies in a better one by this share, nothing is new. */
export const CONTAINMENT = 0.65;

export interface Look {
  /** In pixels of the photo. */
  readonly region: Box;
  /** Pixels that the network gets for one of the photo. */
  readonly scale: number;
  /** Black pixels around it, which make a face that fills its photo one that the network knows. */
  readonly margin?: number;
  /** Pixels by which the image lies right of and below the middle of its margins. */
  readonly shift?: number;
  readonly shadows?: boolean;
}

/** A face, and the side that it had in pixels where it was seen. */
export interface Sighting extends DetectedFace {
  readonly side: number;
}

/** What scores at least `least` in a part of a photo; boxes in pixels of the photo. */
export async function lookAt(
  pyramid: ImagePyramid,
  network: FaceNetwork,
  { region, scale, margin = 0, shift = 0, shadows = false }: Look,
  least: number,
): Promise<Sighting[]> {
  const image = pyramid.cut({ region, scale });
  const { canvas, x, y } = onCanvas(shadows ? lifted(image) : image, network.step, margin, shift);
  const [across, down] = [region.width / image.width, region.height / image.height];
  const seen = await network.find(canvas, least);
  return seen.map(({ box, ...face }) => ({
    ...face,
    box: {
      x: region.x + (box.x - x) * across,
      y: region.y + (box.y - y) * down,
      width: box.width * across,
      height: box.height * down,
    },
    side: Math.sqrt(areaOf(box)),
  }));
}
