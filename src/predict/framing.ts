/** How a detected face is cut out, so that it looks like those that the models were trained on. */

import type { Picture } from "../data/dataset.ts";
import type { DescribedArchitecture } from "../weights/classifier-file.ts";
import type { Box, DetectedFace } from "./boxes.ts";
import { resampled } from "./resample.ts";
import { turned } from "./turn.ts";

export interface Framing {
  /** Side of the square, in means of the box's width and height. */
  readonly side: number;
  /** How far the square's middle lies below the box's, in the same unit. */
  readonly down: number;
}

/**
 * How FER2013's faces are framed, by the boxes of the detector that ships (docs/results.md, "Finding faces"): for faces whose
 * landmarks nobody knows.
 */
export const ferFraming: Framing = { side: 1.05, down: 0 };

/** Faces that lean less are left as they are: the models were trained on such, and every turn costs sharpness. */
const LEAST_TILT = 10;

/** The square around a face that leans clockwise by `tilt` degrees; it leans with the face. */
export function squareAround(
  { x, y, width, height }: Box,
  { side, down }: Framing = ferFraming,
  tilt = 0,
): Box {
  const unit = (width + height) / 2;
  const length = side * unit;
  const radians = (tilt * Math.PI) / 180;
  return {
    x: x + (width - length) / 2 - Math.sin(radians) * down * unit,
    y: y + (height - length) / 2 + Math.cos(radians) * down * unit,
    width: length,
    height: length,
  };
}

/**
 * The face as a square image of the side that the model's own preprocessing resizes to, which then leaves it as it is:
 * so all faces of a batch have one size, and each is resized once. A face that leans is turned upright.
 */
export function faceCrop(
  picture: Picture,
  { box, tilt = 0, square }: Pick<DetectedFace, "box" | "tilt" | "square">,
  { inputSize, resize }: Pick<DescribedArchitecture, "inputSize" | "resize">,
  framing: Framing = ferFraming,
): Picture {
  const side = Math.round(inputSize * resize);
  const leans = Math.abs(tilt) >= LEAST_TILT;
  const around = square ?? squareAround(box, framing, leans ? tilt : 0);
  return leans ? turned(picture, around, side, tilt) : resampled(picture, around, side, side);
}

/** Cuts a face out of an image. */
export type CropFace = (picture: Picture, face: DetectedFace) => Picture;

/** Cuts faces out for a model, by `faceCrop`. */
export function cropsFor(architecture: Pick<DescribedArchitecture, "inputSize" | "resize">): CropFace {
  return (picture, face) => faceCrop(picture, face, architecture);
}

/** Side in pixels of the square around a face at the scale that it has in its image. */
export function ownSide({ box, square = squareAround(box) }: Pick<DetectedFace, "box" | "square">): number {
  return Math.max(1, Math.round(square.width));
}

/** The middle of an image, as wide as it is high: all that the models' centre crop can see of a face crop. */
export function centreSquare(picture: Picture): Picture {
  const { width, height, channels, pixels } = picture;
  const side = Math.min(width, height);
  if (width === height) return picture;
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const cut = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    cut.set(pixels.subarray(from, from + side * channels), y * side * channels);
  }
  return { pixels: cut, width: side, height: side, channels };
}
