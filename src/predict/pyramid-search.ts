/**
 * Finds faces of any size with a network that detects a limited range of sizes. The photo is searched from coarse to
 * fine, and finer only where the previous look left something to find.
 */

import { areaOf, type Box, clipped, containment, type DetectedFace, nonMaximumSuppression } from "./boxes.ts";
import type { ImagePyramid } from "./image-pyramid.ts";
import { CONTAINMENT, type FaceNetwork, type Look, lookAt, type Sighting } from "./look.ts";
import { isDark } from "./shadows.ts";

export interface SearchOptions {
  /**
   * `thorough` searches down to the photo's own pixels wherever there may be small faces. A number does the same but
   * limits the longer side of the photo to that many pixels. `fast` takes two looks, which find faces from a twelfth of
   * the longer side on.
   */
  readonly search: "thorough" | "fast" | number;
  readonly threshold: number;
  /** Maximum intersection over union of two different faces. */
  readonly overlap: number;
}

/** A sighting, and the weight of its score relative to those of other looks. */
interface Trusted extends Sighting {
  readonly trust: number;
}

/** The look for faces that fill the photo: the longer side of the photo in pixels, and the margin around it. */
const WHOLE = { side: 112, margin: 40 };
/**
 * Further looks if nothing was found; `shift` moves the image by half a cell of the network's map, so that prior boxes
 * lie between the previous ones.
 */
const AGAIN: readonly { side: number; margin: number; shift?: number }[] = [
  { side: 64, margin: 48 },
  { side: 256, margin: 16 },
  { side: 80, margin: 40 },
  { side: 56, margin: 48, shift: 8 },
  { side: 64, margin: 48, shift: 8 },
  { side: 48, margin: 48, shift: 8 },
];
/** Pixels of the photo in the next look, which finds faces that are too small for the first. */
const AREA = { fast: 256 * 192, thorough: 512 * 384 };
/** Longest side of one run of the network, and the overlap of neighbouring tiles. This bounds the memory. */
const TILE = { side: 640, overlap: 64 };
/**
 * Pixels by which looks extend beyond the border of the photo, whose pixels are repeated: faces at the border are then
 * detected better.
 */
const BORDER = 16;
/**
 * Maximum longer side of the photo in the finest look, in pixels: a strip of a few kilobytes must not produce thousands
 * of tiles.
 */
const LONGEST = 16 * TILE.side;
/** Minimum score of a possible face. */
const HINT = 0.1;
/**
 * A face smaller than this, in pixels, suggests that there are others that need a closer look. After that look, only a
 * tiny face does.
 */
const CLOSER = 30;
const TINY = 16;
/** People stand together, so a closer look covers this many sides of a hint around it. */
const AROUND = 6;

/** Returns the faces of a photo by decreasing score, in its pixels. Boxes may extend beyond the border. */
export async function searchPyramid(
  pyramid: ImagePyramid,
  network: FaceNetwork,
  { search, threshold, overlap }: SearchOptions,
): Promise<DetectedFace[]> {
  const { photo } = pyramid;
  const whole = { x: 0, y: 0, width: photo.width, height: photo.height };
  const long = Math.max(photo.width, photo.height);
  const isThorough = search !== "fast";
  const finest = Math.min(1, (typeof search === "number" ? Math.min(search, LONGEST) : LONGEST) / long);
  const found: Trusted[] = [];
  const tilesOf = (region: Box, scale: number): Box[] => overlappingTiles(region, scale, network.side);

  /**
   * Looks at the whole photo, its longer side `side` pixels, with a margin. If the network accepts only one size, both
   * shrink.
   */
  async function lookAtAll({ side, margin, shift = 0 }: (typeof AGAIN)[number]): Promise<void> {
    const fit = Math.min(1, (network.side ?? Number.POSITIVE_INFINITY) / (side + 2 * margin + shift));
    const margins = { margin: Math.floor(fit * margin), shift: Math.floor(fit * shift) };
    await look({ region: whole, scale: (fit * side) / long, ...margins });
  }

  /** Takes one look. @returns all possible faces; certain ones are added to `found` */
  async function look(at: Look): Promise<Trusted[]> {
    const { region, scale } = at;
    const seen = await lookAt(pyramid, network, at, Math.min(threshold, network.hint ?? HINT));
    const sightings = seen.map((face) => {
      const isDoubtful = liesAcross(face.box, region, whole) || !isSeenWell(face.side, network);
      return { ...face, trust: isDoubtful ? 0.75 : 1 };
    });
    // The smallest boxes are guesses, which the following closer look will settle. No look follows one at full
    // resolution.
    const sure = isThorough ? TINY : network.sees.smallest;
    const smallest = scale < finest ? sure : network.sees.smallest / 1.4;
    found.push(...sightings.filter(({ score, side }) => score >= threshold && side >= smallest));
    return sightings;
  }

  /** Returns whether a hint is not yet covered by a detected face. */
  function isDoubt({ box, score, side }: Sighting): boolean {
    if (score >= threshold || side > 2 * CLOSER) return false;
    return found.every((face) => containment(face.box, box) <= CONTAINMENT);
  }

  const merged = (): DetectedFace[] =>
    nonMaximumSuppression(found, { overlap, containment: CONTAINMENT }, ({ trust }) => trust);

  // A network that detects faces as large as the whole next look needs no extra look for those.
  if (network.sees.largest ** 2 < AREA.fast) await lookAtAll(WHOLE);
  const wanted = Math.sqrt(AREA[isThorough ? "thorough" : "fast"] / areaOf(whole));
  let scale = Math.min(finest, snapped(wanted, long, network.step));
  let hints: Trusted[] = [];
  for (const region of tilesOf(grown(whole, BORDER / scale), scale))
    hints.push(...(await look({ region, scale })));
  for (const all of AGAIN) if (found.length === 0) await lookAtAll(all);
  if (!isThorough) return merged();
  const small = hints.filter((hint) => hint.side < CLOSER || isDoubt(hint));
  let close: Box[] = small.map(({ box }) => box);
  if (found.length === 0 && close.length === 0) close = [whole];
  while (scale < finest && close.length > 0) {
    const region = clipped(enclosing(close.map((box) => around(box, AROUND))), photo) ?? whole;
    scale = Math.min(finest, 2 * scale);
    hints = [];
    for (const tile of tilesOf(grown(region, BORDER / scale), scale)) {
      hints.push(...(await look({ region: tile, scale })));
      if (isDark(pyramid.cut({ region: tile, scale: scale / 4 })))
        hints.push(...(await look({ region: tile, scale, shadows: true })));
    }
    close = hints.filter(({ side }) => side < TINY).map(({ box }) => box);
  }
  return merged();
}

/** Boxes near the limits of the network's size range are less exact. */
function isSeenWell(side: number, { sees: { smallest, largest } }: FaceNetwork): boolean {
  return side >= 1.15 * smallest && side <= largest;
}

/**
 * Returns whether a box reaches a border of the region where the photo continues, so that it may be only part of a
 * face.
 */
function liesAcross(box: Box, region: Box, photo: Box): boolean {
  const right = region.x + region.width;
  const bottom = region.y + region.height;
  return (
    (box.x <= region.x && region.x > 0) ||
    (box.y <= region.y && region.y > 0) ||
    (box.x + box.width >= right && right < photo.width) ||
    (box.y + box.height >= bottom && bottom < photo.height)
  );
}

/**
 * Returns the largest scale up to `scale` at which the longer side of the photo plus its surroundings is a multiple of
 * `step`.
 */
function snapped(scale: number, long: number, step: number): number {
  const steps = Math.floor((long * scale + 2 * BORDER) / step);
  return steps > 1 ? (steps * step - 2 * BORDER) / long : scale;
}

/** Extends a box by `around` pixels on each side. */
function grown({ x, y, width, height }: Box, around: number): Box {
  return { x: x - around, y: y - around, width: width + 2 * around, height: height + 2 * around };
}

/** Extends a box by `sides` of its longer side. */
function around(box: Box, sides: number): Box {
  return grown(box, sides * Math.max(box.width, box.height));
}

/** Returns the bounding box of all boxes. */
function enclosing(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map(({ x }) => x));
  const top = Math.min(...boxes.map(({ y }) => y));
  const right = Math.max(...boxes.map(({ x, width }) => x + width));
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** Splits a region into overlapping tiles of the size that the network accepts. */
function overlappingTiles({ x, y, width, height }: Box, scale: number, side: number = TILE.side): Box[] {
  const overlap = Math.min(TILE.overlap, side / 4) / scale;
  const along = (start: number, length: number): [number, number][] => {
    const most = side / scale;
    if (length <= most) return [[start, length]];
    const count = Math.ceil((length - overlap) / (most - overlap));
    const part = (length + (count - 1) * overlap) / count;
    return Array.from({ length: count }, (_, i) => [start + (i * (length - part)) / (count - 1), part]);
  };
  return along(y, height).flatMap(([top, down]) =>
    along(x, width).map(([left, across]) => ({ x: left, y: top, width: across, height: down })),
  );
}
