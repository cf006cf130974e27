/**
 * Finds faces of any size with a network that sees those of some sizes: the photo is looked at from coarse to fine, and finer
 * only where the last look left something to see.
 */

import type { Picture } from "../data/dataset.ts";
import {
  areaOf,
  type Box,
  clipped,
  containment,
  type DetectedFace,
  nonMaximumSuppression,
  overlapOf,
} from "./boxes.ts";
import { imagePyramid } from "./image-pyramid.ts";
import { type FaceNetwork, type Look, lookAt, type Sighting } from "./look.ts";
import { isDark } from "./shadows.ts";

export interface SearchOptions {
  /**
   * `thorough` goes down to the photo's own pixels wherever there may be small faces; `fast` takes two looks at most, which find
   * faces from a twentieth of the photo's longer side on; a number is the longer side, in pixels, of the finest look.
   */
  readonly search: "thorough" | "fast" | number;
  readonly threshold: number;
  /** Of two boxes that overlap by more (intersection over union), the better stays. */
  readonly overlap: number;
}

/** What faces that fill the photo are looked for in: the longer side of the photo in pixels, and the margin around it. */
const WHOLE = { side: 64, margin: 48 };
/** The same where nothing was found; `shift` by half a cell of the network's map, so that a prior box lies between the last. */
const AGAIN = [
  { side: 80, margin: 40 },
  { side: 56, margin: 48, shift: 8 },
  { side: 64, margin: 48, shift: 8 },
  { side: 48, margin: 48, shift: 8 },
];
/** Pixels of the photo in the looks after that; each shows faces of half the size. */
const LEVELS = [256 * 192, 512 * 384];
/** The longest side of one run of the network, and how far two neighbours overlap: memory is bounded by it. */
const TILE = { side: 640, overlap: 64 };
/** Pixels by which looks reach over the border of the photo, which repeats it: a face at the border is seen better so. */
const BORDER = 16;
/** The longer side of the photo in the finest look, in pixels: a strip of a few kilobytes must not ask for thousands of tiles. */
const LONGEST = 16 * TILE.side;
/** Something may be a face from this score on. */
const HINT = 0.1;
/** Where a face is smaller, in pixels, there may be others that need a closer look; after that look, only where it is tiny. */
const CLOSER = 30;
const TINY = 16;
/** People stand together: a closer look is taken as many sides of a hint around it, and one into shadows further around. */
const NEAR = 2;
const SHADOWS = 4;
/** Of a box that lies in a better one by this share, nothing is new. */
const CONTAINMENT = 0.65;

/** The faces of a photo, the surest first, in its pixels; boxes may reach over the border. */
export async function searchPyramid(
  photo: Picture,
  network: FaceNetwork,
  { search, threshold, overlap }: SearchOptions,
): Promise<DetectedFace[]> {
  const cut = imagePyramid(photo);
  const whole = { x: 0, y: 0, width: photo.width, height: photo.height };
  const long = Math.max(photo.width, photo.height);
  const finest = Math.min(1, LONGEST / long);
  const found: Sighting[] = [];
  const tilesOf = (region: Box, scale: number): Box[] => overlappingTiles(region, scale, network.side);

  /** Looks once. @returns all that may be a face; those that are one go to `found`. */
  async function look(at: Look): Promise<Sighting[]> {
    const { scale } = at;
    const sightings = await lookAt(cut, network, at, Math.min(threshold, network.hint ?? HINT));
    // The smallest boxes are guesses, which the closer look that follows will settle. At the photo's own pixels none follows.
    const sure = search === "thorough" ? TINY : network.sees.smallest;
    const smallest = scale < finest ? sure : network.sees.smallest / 1.4;
    found.push(...sightings.filter(({ score, side }) => score >= threshold && side >= smallest));
    return sightings;
  }

  /** Whether nobody has found what a hint shows. */
  function isDoubt({ box, score, side }: Sighting): boolean {
    if (score >= threshold || side > 2 * CLOSER) return false;
    return found.every((face) => containment(face.box, box) <= CONTAINMENT);
  }

  // A network that sees faces as large as all of the next look needs no other for those.
  if (network.sees.largest ** 2 < (LEVELS[0] as number))
    await look({ region: whole, scale: WHOLE.side / long, margin: WHOLE.margin });
  let scale = 0;
  let hints: Sighting[] = [];
  for (const area of levelsOf(search, photo)) {
    scale = Math.min(finest, Math.sqrt(area / areaOf(whole)));
    hints = [];
    for (const region of tilesOf(grown(whole, BORDER / scale), scale))
      hints.push(...(await look({ region, scale })));
    if (scale >= finest) break;
  }
  let needsCloserLook = (hint: Sighting): boolean => hint.side < CLOSER || isDoubt(hint);
  while (search === "thorough" && scale < finest) {
    const close = hints.filter(needsCloserLook).map(({ box }) => box);
    needsCloserLook = ({ side }) => side < TINY;
    const region = close.length > 0 && clipped(enclosing(close.map((box) => around(box, SHADOWS))), photo);
    if (!region) break;
    const near = close.map((box) => around(box, NEAR));
    scale = Math.min(finest, 2 * scale);
    hints = [];
    for (const tile of tilesOf(grown(region, BORDER / scale), scale)) {
      if (near.some((box) => overlapOf(box, tile) > 0)) hints.push(...(await look({ region: tile, scale })));
      if (isDark(cut({ region: tile, scale: scale / 4 })))
        hints.push(...(await look({ region: tile, scale, shadows: true })));
    }
  }
  for (const { side, ...margins } of AGAIN) {
    if (found.length > 0) break;
    await look({ region: whole, scale: side / long, ...margins });
  }
  return nonMaximumSuppression(found, { overlap, containment: CONTAINMENT }, (face) => trust(face, network));
}

/** Boxes near the ends of what the network sees are less exact, so another look's box is taken where there is one. */
function trust({ side }: Sighting, { sees: { smallest, largest } }: FaceNetwork): number {
  if (side < smallest * 1.15) return 0.75;
  return side > largest ? 0.75 : 1;
}

/** Pixels of the photo in each look. */
function levelsOf(search: SearchOptions["search"], { width, height }: Picture): number[] {
  if (search === "fast") return LEVELS.slice(0, 1);
  if (search === "thorough") return LEVELS;
  const long = Math.max(width, height);
  const finest = width * height * (search / long) ** 2;
  return [...LEVELS.filter((area) => area < finest / 2), finest];
}

/** A box and what is `around` it, in pixels. */
function grown({ x, y, width, height }: Box, around: number): Box {
  return { x: x - around, y: y - around, width: width + 2 * around, height: height + 2 * around };
}

/** A box and `sides` of its longer side around it. */
function around(box: Box, sides: number): Box {
  return grown(box, sides * Math.max(box.width, box.height));
}

/** The smallest box around all. */
function enclosing(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map(({ x }) => x));
  const top = Math.min(...boxes.map(({ y }) => y));
  const right = Math.max(...boxes.map(({ x, width }) => x + width));
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** A region in overlapping parts that the network takes at once. */
function overlappingTiles({ x, y, width, height }: Box, scale: number, side: number = TILE.side): Box[] {
  const along = (start: number, length: number): [number, number][] => {
    const most = side / scale;
    if (length <= most) return [[start, length]];
    const count = Math.ceil((length - TILE.overlap / scale) / (most - TILE.overlap / scale));
    const part = (length + (count - 1) * (TILE.overlap / scale)) / count;
    return Array.from({ length: count }, (_, i) => [start + (i * (length - part)) / (count - 1), part]);
  };
  return along(y, height).flatMap(([top, down]) =>
    along(x, width).map(([left, across]) => ({ x: left, y: top, width: across, height: down })),
  );
}
