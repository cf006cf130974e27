/** Cuts a square out of a picture that leans, and sets it upright. */

import type { Picture } from "../data/dataset.ts";
import { warped } from "../evaluate/corruptions/warp.ts";
import type { Box } from "./boxes.ts";
import { resampled } from "./resample.ts";

/**
 * The square `box`, turned clockwise about its middle by `degrees`, as an upright picture of `side` pixels. What is around
 * it is resized, antialiased, to twice that scale, turned by bilinear interpolation and resized again, so that turning blurs
 * little.
 */
export function turned(picture: Picture, box: Box, side: number, degrees: number): Picture {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  // The upright square that holds the leaning one.
  const reach = Math.abs(sin) + Math.abs(cos);
  const margin = ((reach - 1) / 2) * box.width;
  const whole = {
    x: box.x - margin,
    y: box.y - margin,
    width: box.width * reach,
    height: box.height * reach,
  };
  const extent = Math.ceil(2 * side * reach);
  const middle = (extent - 1) / 2;
  const upright = warped(resampled(picture, whole, extent, extent), (x, y) => {
    const [u, v] = [x - middle, y - middle];
    return [middle + cos * u - sin * v, middle + sin * u + cos * v];
  });
  const length = extent / reach;
  const start = (extent - length) / 2;
  return resampled(upright, { x: start, y: start, width: length, height: length }, side, side);
}
