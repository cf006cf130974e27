/** Orientation: a tilted or turned head, and a badly framed detection. */

import type { Picture } from "../../data/dataset.ts";
import { type Corruption, shorterSide } from "./corruption.ts";
import { warped } from "./warp.ts";

const RADIANS = Math.PI / 180;
/** Distance from the camera to the face, in image sides: an arm's length for a face of 25 cm. */
const CAMERA = 2.5;

const rotation: Corruption = {
  name: "rotation",
  title: "rotation",
  group: "orientation",
  parameter: "degrees in the image's plane, to either side",
  values: [10, 20, 30, 45, 60],
  apply(picture, degrees, rng) {
    const angle = degrees * RADIANS * (rng.chance(0.5) ? 1 : -1);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return warpedAroundCentre(picture, (x, y) => [cos * x + sin * y, cos * y - sin * x]);
  },
};

/** The face is treated as flat, like a turned photograph of it: no ear appears and no cheek is hidden. */
const perspective: Corruption = {
  name: "perspective",
  title: "perspective (head pose)",
  group: "orientation",
  parameter: "degrees by which the flat image turns out of its plane, about a random axis",
  values: [15, 25, 33, 41, 48],
  apply(picture, degrees, rng) {
    const axis = rng.uniform(0, 2 * Math.PI);
    const [ax, ay] = [Math.cos(axis), Math.sin(axis)];
    const [cos, sin] = [Math.cos(degrees * RADIANS), Math.sin(degrees * RADIANS)];
    const distance = CAMERA * shorterSide(picture);
    return warpedAroundCentre(picture, (x, y) => {
      // Points on the axis do not move. A point of the turned plane at `across` is seen at across·cos·d/(d +
      // across·sin), and a point at `along` is seen at along·d/(d + across·sin). This is the inverse.
      const [along, seen] = [ax * x + ay * y, ax * y - ay * x];
      const across = (seen * distance) / (cos * distance - seen * sin);
      const depth = (distance + across * sin) / distance;
      return [ax * along * depth - ay * across, ay * along * depth + ax * across];
    });
  },
};

const translation: Corruption = {
  name: "translation",
  title: "translation (detector)",
  group: "orientation",
  parameter: "share of the side, in a random direction",
  values: [0.06, 0.12, 0.18, 0.24, 0.32],
  apply(picture, share, rng) {
    const angle = rng.uniform(0, 2 * Math.PI);
    const length = share * shorterSide(picture);
    const [dx, dy] = [length * Math.cos(angle), length * Math.sin(angle)];
    return warpedAroundCentre(picture, (x, y) => [x - dx, y - dy]);
  },
};

const scale: Corruption = {
  name: "scale",
  title: "scale (detector)",
  group: "orientation",
  parameter: "factor by which the face is enlarged, or reduced, each in half of the images",
  values: [1.1, 1.2, 1.32, 1.46, 1.65],
  apply(picture, factor, rng) {
    const zoom = rng.chance(0.5) ? 1 / factor : factor;
    return warpedAroundCentre(picture, (x, y) => [x * zoom, y * zoom]);
  },
};

export const orientationCorruptions: readonly Corruption[] = [rotation, perspective, translation, scale];

/** `source` maps a point of the result to its origin in the image, both relative to the centre, in pixels. */
function warpedAroundCentre(
  picture: Picture,
  source: (x: number, y: number) => readonly [number, number],
): Picture {
  const [cx, cy] = [(picture.width - 1) / 2, (picture.height - 1) / 2];
  return warped(picture, (x, y) => {
    const [sx, sy] = source(x - cx, y - cy);
    return [sx + cx, sy + cy];
  });
}
