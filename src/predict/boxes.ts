/** Boxes in an image: overlap, non-maximum suppression, clipping and scaling. */

/** In pixels; `x` and `y` are the upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface DetectedFace {
  readonly box: Box;
  /** The detector's confidence, from 0 to 1. */
  readonly score: number;
  /** Set if the position is from an earlier frame, because the face was not found in this one. */
  readonly missed?: true;
  /** Clockwise tilt of the face in degrees, if the detector provides it. */
  readonly tilt?: number;
  /**
   * The square that frames the face as in the training data, if the detector provides it. It is tilted like the face.
   */
  readonly square?: Box;
}

/** Returns the intersection over union, from 0 to 1. */
export function overlapOf(a: Box, b: Box): number {
  const both = intersection(a, b);
  return both / (areaOf(a) + areaOf(b) - both);
}

/** Returns the share of the smaller box that lies inside the other, from 0 to 1. */
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

/** When two boxes count as the same face. */
export interface SameFace {
  /** Minimum intersection over union. */
  readonly overlap: number;
  /** Or the minimum share of the smaller box inside the other; at 1 a face within a face is kept. */
  readonly containment?: number;
}

/**
 * Non-maximum suppression: returns the faces by decreasing score, without those that are the same face as a better one.
 * `trust` weights the scores if some are less reliable.
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

/** Returns the part of a box that lies in an image; undefined if there is none. */
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
 * Scales a box of a reduced image to pixels of the original. `across` and `down` are the reduction factors along x and
 * y. They may differ for very narrow images, because the sides of a reduced image are integers.
 */
export function scaled({ x, y, width, height }: Box, across: number, down = across): Box {
  return { x: x * across, y: y * down, width: width * across, height: height * down };
}
