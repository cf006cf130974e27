/** Finds the face of an image that a tap refers to. */

import type { Rect } from "../parts/place-labels.ts";

/** The maximum distance in pixels between a finger's tap and the face it selects. */
const REACH = 20;

/** The face whose box is nearest to a point; undefined if that is too far from all. */
export function faceAt(
  boxes: readonly Rect[],
  { x, y }: { readonly x: number; readonly y: number },
): number | undefined {
  const distances = boxes.map(({ left, top, width, height }) => {
    const [across, down] = [Math.abs(x - left - width / 2), Math.abs(y - top - height / 2)];
    return {
      outside: Math.hypot(Math.max(0, across - width / 2), Math.max(0, down - height / 2)),
      middle: Math.hypot(across, down),
    };
  });
  const [nearest] = distances
    .map((distance, face) => ({ ...distance, face }))
    .sort((a, b) => a.outside - b.outside || a.middle - b.middle);
  return nearest && nearest.outside <= REACH ? nearest.face : undefined;
}
