/** One look at a part of an image, with a network that detects faces within a range of sizes. */

import type { Picture } from "../data/dataset.ts";
import { areaOf, type Box, type DetectedFace } from "./boxes.ts";
import { type ImagePyramid, onCanvas } from "./image-pyramid.ts";
import { lifted } from "./shadows.ts";

/** A network that detects faces in an image whose sides are multiples of `step`, with boxes in pixels of that image. */
export interface FaceNetwork {
  readonly step: number;
  /** Side of the only square that it accepts, which is then also `step`. Left out, it accepts images of any size. */
  readonly side?: number;
  /** Minimum score of a possible face. Default: 0.1. */
  readonly hint?: number;
  /** Range of face sizes that it detects reliably, as sides in pixels. */
  readonly sees: { readonly smallest: number; readonly largest: number };
  /** Returns faces that score at least `least`. */
  find(image: Picture, least: number): Promise<readonly DetectedFace[]>;
}

/** A box that has this share of its area inside a better box is a duplicate. */
export const CONTAINMENT = 0.65;

export interface Look {
  /** In pixels of the photo. */
  readonly region: Box;
  /** Pixels of the network's input per pixel of the photo. */
  readonly scale: number;
  /** Width of the black margin around it, which brings a face that fills its photo to a size that the network knows. */
  readonly margin?: number;
  /** Offset of the image to the right of and below the centre between its margins, in pixels. */
  readonly shift?: number;
  readonly shadows?: boolean;
}

/** A face, and its side in pixels in the network's input. */
export interface Sighting extends DetectedFace {
  readonly side: number;
}

/** Returns everything that scores at least `least` in a part of a photo, with boxes in pixels of the photo. */
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
