/** Crops detected faces so that they look like the training data. */

import type { Picture } from "../data/dataset.ts";
import type { DescribedArchitecture } from "../weights/classifier-file.ts";
import type { Box, DetectedFace } from "./boxes.ts";
import { resampled } from "./resample.ts";
import { turned } from "./turn.ts";

export interface Framing {
  /** Side of the square, relative to the mean of the box's width and height. */
  readonly side: number;
  /** Offset of the square's centre below the box's, in the same unit. */
  readonly down: number;
}

/**
 * Framing of FER2013's faces, for boxes of the detector that ships (docs/results.md, "Finding faces"). Used for faces
 * without landmarks.
 */
export const ferFraming: Framing = { side: 1.05, down: 0 };

/** Faces with less tilt are not rotated: the models were trained on such faces, and every rotation costs sharpness. */
const LEAST_TILT = 10;

/** Returns the square around a face with a clockwise tilt of `tilt` degrees; the square is tilted as well. */
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
 * Returns the face as a square image of the size that the model's preprocessing resizes to, so that preprocessing
 * leaves it unchanged. All faces of a batch then have one size, and each is resized only once. A tilted face is rotated
 * upright.
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

/** Crops a face from an image. */
export type CropFace = (picture: Picture, face: DetectedFace) => Picture;

/** Returns a function that crops faces for a model with `faceCrop`. */
export function cropsFor(architecture: Pick<DescribedArchitecture, "inputSize" | "resize">): CropFace {
  return (picture, face) => faceCrop(picture, face, architecture);
}

/** Returns the side in pixels of the square around a face, at the scale of its image. */
export function ownSide({ box, square = squareAround(box) }: Pick<DetectedFace, "box" | "square">): number {
  return Math.max(1, Math.round(square.width));
}

/** Returns the central square of an image: the part that a model's centre crop would see. */
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
