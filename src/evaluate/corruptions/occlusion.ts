/**
 * Occlusion: objects in front of the face. The positions of eyes and mouth are assumed, not detected: in a face crop
 * like FER2013's, the eyes lie at two fifths of the height and the mouth at four fifths.
 */

import type { Picture } from "../../data/dataset.ts";
import { type Corruption, mapPixels, meanColour, shorterSide } from "./corruption.ts";

/** Heights and distances as shares of the image's extent. */
const EYES = 0.4;
const MOUTH = 0.78;
const EYE_DISTANCE = 0.4;

/** Whether a point is covered; coordinates are shares of width and height. */
type Shape = (x: number, y: number) => boolean;

const eyes: Corruption = {
  name: "eyes-covered",
  title: "eyes covered",
  group: "occlusion",
  parameter: "height of a bar of the mean colour, a share of the image's",
  values: [0.06, 0.1, 0.15, 0.21, 0.28],
  apply: (picture, height) => covered(picture, bar(EYES, height, 0.8)),
};

const mouth: Corruption = {
  name: "mouth-covered",
  title: "mouth covered",
  group: "occlusion",
  parameter: "height of a bar of the mean colour, a share of the image's",
  values: [0.08, 0.14, 0.2, 0.27, 0.36],
  apply: (picture, height) => covered(picture, bar(MOUTH, height, 0.6)),
};

/** Side of a patch: a sixth of the image's side. */
const PATCH = 1 / 6;

const patches: Corruption = {
  name: "patches",
  title: "random patches",
  group: "occlusion",
  parameter: "number of squares of the mean colour, a sixth of the side wide, at random places",
  values: [4, 8, 14, 22, 32],
  apply(picture, count, rng) {
    const side = PATCH * shorterSide(picture);
    const [wide, high] = [side / picture.width, side / picture.height];
    const corners = Array.from(
      { length: count },
      () => [rng.uniform(0, 1 - wide), rng.uniform(0, 1 - high)] as const,
    );
    return covered(picture, (x, y) =>
      corners.some(([left, top]) => x >= left && x < left + wide && y >= top && y < top + high),
    );
  },
};

const glasses: Corruption = {
  name: "glasses",
  title: "glasses",
  group: "occlusion",
  parameter: "darkness of the lenses, from clear to black; the frame is always drawn",
  values: [0, 0.3, 0.55, 0.8, 1],
  apply(picture, darkness) {
    const lens = (x: number, y: number, grown: number): boolean =>
      [-1, 1].some((side) => {
        const [dx, dy] = [
          (x - 0.5 - (side * EYE_DISTANCE) / 2) / (0.155 + grown),
          (y - EYES) / (0.115 + grown),
        ];
        // A superellipse: a rounded rectangle.
        return dx ** 4 + dy ** 4 < 1;
      });
    const bridge: Shape = (x, y) => Math.abs(x - 0.5) < 0.06 && Math.abs(y - EYES + 0.04) < 0.018;
    const temple: Shape = (x, y) => Math.abs(x - 0.5) > 0.36 && Math.abs(y - EYES + 0.04) < 0.018;
    return painted(picture, (x, y) => {
      if (lens(x, y, 0)) return { colour: 15, opacity: darkness };
      return lens(x, y, 0.03) || bridge(x, y) || temple(x, y) ? { colour: 15, opacity: 1 } : undefined;
    });
  },
};

/** A surgical mask: light cloth with pleats, whose upper edge runs from ear to ear over the nose. */
const mask: Corruption = {
  name: "mask",
  title: "mask",
  group: "occlusion",
  parameter: "height of the cloth's upper edge in the middle, a share of the image's height from below",
  values: [0.16, 0.24, 0.32, 0.4, 0.48],
  apply(picture, height) {
    return painted(picture, (x, y) => {
      const off = Math.abs(x - 0.5);
      const [upper, lower] = [1 - height + 0.5 * off ** 2, 1.02 - 0.55 * off ** 2];
      if (off > 0.42 || y < upper || y > lower) return undefined;
      const pleat = Math.abs(((y - upper) * 8) % 1) < 0.15 ? 25 : 0;
      return { colour: 200 - pleat, opacity: 1 };
    });
  },
};

export const occlusionCorruptions: readonly Corruption[] = [eyes, mouth, patches, glasses, mask];

/** A centred bar; `wide` and `high` are shares of the image's extent. */
function bar(centre: number, high: number, wide: number): Shape {
  return (x, y) => Math.abs(y - centre) < high / 2 && Math.abs(x - 0.5) < wide / 2;
}

/** Fills `shape` with the image's mean colour. */
function covered(picture: Picture, shape: Shape): Picture {
  const mean = meanColour(picture);
  return mapPixels(picture, (v, x, y, c) =>
    shape((x + 0.5) / picture.width, (y + 0.5) / picture.height) ? (mean[c] as number) : v,
  );
}

interface Paint {
  /** Grey, 0 to 255. */
  readonly colour: number;
  readonly opacity: number;
}

/** Paints over the image wherever `paint` returns a colour. */
function painted(picture: Picture, paint: (x: number, y: number) => Paint | undefined): Picture {
  return mapPixels(picture, (v, x, y) => {
    const found = paint((x + 0.5) / picture.width, (y + 0.5) / picture.height);
    return found ? v + found.opacity * (found.colour - v) : v;
  });
}
