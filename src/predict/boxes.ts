/** Boxes in a picture: what overlaps what, which of several detections to keep, and what of them lies inside. */

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
}

/** Intersection over union, from 0 to 1. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (a.width * a.height + b.width * b.height - both);
}

/**
 * Non-maximum suppression: the best faces first, without those that overlap a better one by more than `overlap`.
 */
export function withoutDoubles(faces: readonly DetectedFace[], overlap: number): DetectedFace[] {
  const kept: DetectedFace[] = [];
  for (const face of [...faces].sort((a, b) => b.score - a.score))
    if (kept.every(({ box }) => overlapOf(box, face.box) <= overlap)) kept.push(face);
  return kept;
}

/** The part of a box that lies in a picture, or undefined where none does. */
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

/** A box of a picture that was reduced, in pixels of the original; `scale` is how many of those one pixel was. */
export function scaled({ x, y, width, height }: Box, scale: number): Box {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
}
