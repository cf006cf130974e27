/**
 * Finds faces of any size with a network that sees those of some sizes: the photo is looked at from coarse to fine, and finer
 * only where the last look left something to see.
 */

import { areaOf, type Box, clipped, containment, type DetectedFace, nonMaximumSuppression } from "./boxes.ts";
import type { ImagePyramid } from "./image-pyramid.ts";
import { CONTAINMENT, type FaceNetwork, type Look, lookAt, type Sighting } from "./look.ts";
import { isDark } from "./shadows.ts";

export interface SearchOptions {
  /**
   * `thorough` goes down to the photo's own pixels wherever there may be small faces; a number does so too, but shows the longer
   * side of the photo in at most as many pixels; `fast` takes two looks, which find faces from a twelfth of the longer side on.
   */
  readonly search: "thorough" | "fast" | number;
  readonly threshold: number;
  /** Of two boxes that overlap by more (intersection over union), the better stays. */
  readonly overlap: number;
}

/** A sighting, and how far its score is to be trusted beside those of other looks. */
interface Trusted extends Sighting {
  readonly trust: number;
}

/** What faces that fill the photo are looked for in: the longer side of the photo in pixels, and the margin around it. */
const WHOLE = { side: 112, margin: 40 };
/** The same where nothing was found; `shift` by half a cell of the network's map, so that a prior box lies between the last. */
const AGAIN: readonly { side: number; margin: number; shift?: number }[] = [
  { side: 64, margin: 48 },
  { side: 256, margin: 16 },
  { side: 80, margin: 40 },
  { side: 56, margin: 48, shift: 8 },
  { side: 64, margin: 48, shift: 8 },
  { side: 48, margin: 48, shift: 8 },
];
/** Pixels of the photo in the look after that, which shows faces too small for the first. */
const AREA = { fast: 256 * 192, thorough: 512 * 384 };
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
/** People stand together: a closer look is taken as many sides of a hint around it. */
const AROUND = 6;

/** The faces of a photo, the surest first, in its pixels; boxes may reach over the border. */
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

  /** Looks at all of the photo, its longer side `side` pixels, with a margin. Where the network takes one size, both shrink. */
  async function lookAtAll({ side, margin, shift = 0 }: (typeof AGAIN)[number]): Promise<void> {
    const fit = Math.min(1, (network.side ?? Number.POSITIVE_INFINITY) / (side + 2 * margin + shift));
    const margins = { margin: Math.floor(fit * margin), shift: Math.floor(fit * shift) };
    await look({ region: whole, scale: (fit * side) / long, ...margins });
  }

  /** Looks once. @returns all that may be a face; those that are one go to `found`. */
  async function look(at: Look): Promise<Trusted[]> {
    const { region, scale } = at;
    const seen = await lookAt(pyramid, network, at, Math.min(threshold, network.hint ?? HINT));
    const sightings = seen.map((face) => {
      const isDoubtful = liesAcross(face.box, region, whole) || !isSeenWell(face.side, network);
      return { ...face, trust: isDoubtful ? 0.75 : 1 };
    });
    // The smallest boxes are guesses, which the closer look that follows will settle. At the photo's own pixels none follows.
    const sure = isThorough ? TINY : network.sees.smallest;
    const smallest = scale < finest ? sure : network.sees.smallest / 1.4;
    found.push(...sightings.filter(({ score, side }) => score >= threshold && side >= smallest));
    return sightings;
  }

  /** Whether nobody has found what a hint shows. */
  function isDoubt({ box, score, side }: Sighting): boolean {
    if (score >= threshold || side > 2 * CLOSER) return false;
    return found.every((face) => containment(face.box, box) <= CONTAINMENT);
  }

  const merged = (): DetectedFace[] =>
    nonMaximumSuppression(found, { overlap, containment: CONTAINMENT }, ({ trust }) => trust);

  // A network that sees faces as large as all of the next look needs no other for those.
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

/** Boxes near the ends of what the network sees are less exact. */
function isSeenWell(side: number, { sees: { smallest, largest } }: FaceNetwork): boolean {
  return side >= 1.15 * smallest && side <= largest;
}

/** Whether a box reaches to a border of the region at which the photo goes on: it may be a part of a face. */
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

/** The largest scale up to `scale` at which the longer side of the photo, with what lies around it, is a multiple of `step`. */
function snapped(scale: number, long: number, step: number): number {
  const steps = Math.floor((long * scale + 2 * BORDER) / step);
  return steps > 1 ? (steps * step - 2 * BORDER) / long : scale;
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
