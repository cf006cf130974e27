/** Boxes in an image: what overlaps what, which of several detections to keep, and what of them lies inside. */

/** In pixels; `x` and `y` are the upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DetectedFace {
  readonly box: Box;
  /** How sure the detector is, from 0 to 1. */
  readonly score: number;
  /** How far the face leans clockwise, in degrees, where the detector knows. */
  readonly tilt?: number;
  /** The square that the face fills as faces of the training data fill theirs, where the detector knows. It leans with the face. */
  readonly square?: Box;
}

/** Intersection over union, from 0 to 1. */
export function overlapOf(a: Box, b: Box): number {
  const both = intersection(a, b);
  return both / (areaOf(a) + areaOf(b) - both);
}

/** How much of the smaller box lies in the other, from 0 to 1. */
export function containment(a: Box, b: Box): number {
  return intersection(a, b) / Math.min(areaOf(a), areaOf(b));
}

function intersection(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, width) * Math.max(0, height);
}

export function areaOf({ width, height }: Box): number {
  return width * height;
}

/** When two boxes are one face. */
export interface SameFace {
  /** They overlap by more (intersection over union). */
  readonly overlap: number;
  /** Or more of the smaller one lies in the other; 1 leaves a face within a face. */
  readonly containment?: number;
}

/**
 * Non-maximum suppression: the faces in the order of their scores, without those that are the same face as a better one. `trust`
 * weighs the scores, where not all of them are worth the same.
 */
export function nonMaximumSuppression<F extends DetectedFace>(
  faces: readonly F[],
  { overlap, containment: most = 1 }: SameFace,
  trust: (face: F) => number = () => 1,
): F[] {
  const kept: F[] = [];
  const value = (face: F): number => face.score * trust(face);
  for (const face of [...faces].sort((a, b) => value(b) - value(a)))
    if (kept.every(({ box }) => overlapOf(box, face.box) <= overlap && containment(box, face.box) <= most))
      kept.push(face);
  return kept;
}

/** The part of a box that lies in an image, or undefined where none does. */
export function clipped(
  box: Box,
  { width, height }: { readonly width: number; readonly height: number },
): Box | undefined {
  const [left, top] = [Math.max(0, box.x), Math.max(0, box.y)];
  const [right, bottom] = [Math.min(width, box.x + box.width), Math.min(height, box.y + box.height)];
  return right > left && bottom > top
    ? { x: left, y: top, width: right - left, height: bottom - top }
    : undefined;
}

/**
 * A box of an image that was reduced, in pixels of the original; `across` and `down` are how many of those one pixel was. Sides of
 * a reduced image are whole numbers, so of a strip the two may differ.
 */
export function scaled({ x, y, width, height }: Box, across: number, down = across): Box {
  return { x: x * across, y: y * down, width: width * across, height: height * down };
}
