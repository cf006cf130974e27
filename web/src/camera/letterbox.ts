/** Where a picture lies in the camera's stage, which is 4 to 3 whatever the camera's own shape. */

/** A point of a picture that is shown whole in the middle of the stage, in percent of the stage. */
export function placeOnStage(
  { x, y }: { readonly x: number; readonly y: number },
  { width, height }: { readonly width: number; readonly height: number },
): { readonly left: number; readonly top: number } {
  const scale = Math.min(4 / width, 3 / height);
  return {
    left: 50 + ((100 * scale) / 4) * (x - width / 2),
    top: 50 + ((100 * scale) / 3) * (y - height / 2),
  };
}
