/**
 * Finds faces with a network that sees a whole photo at once, like face-api.js: the longer side is fitted to a square,
 * padded with black below or to the right.
 */

import type { Picture } from "../data/dataset.ts";
import { type Box, type DetectedFace, nonMaximumSuppression, scaled } from "./boxes.ts";
import { halved, resampled } from "./resample.ts";

/** Returns the faces of a square image, with boxes in its pixels. */
type Find = (square: Picture) => Promise<readonly DetectedFace[]>;

/**
 * A face that fills its photo is too large for such a network, which works best on faces of about a fifth of its side.
 * If none is found, the search is repeated on the photo with a margin that makes it this many times as wide.
 */
const AGAIN = [2.5, 5];

/** Maximum number of squares in which a panorama is searched. */
const MOST_TILES = 16;

/**
 * Returns the faces of a photo by decreasing score, in pixels of the photo. Boxes may extend beyond the border. `size`
 * is the side of the square.
 */
export async function searchLetterboxed(
  photo: Picture,
  find: Find,
  { size, overlap }: { readonly size: number; readonly overlap: number },
): Promise<DetectedFace[]> {
  const tiles = tilesOf(photo);
  const small = reducedFor(photo, tiles[0] as Box, size);
  const found: DetectedFace[] = [];
  for (const tile of tiles) found.push(...(await findIn(small, tile)));
  for (const factor of AGAIN) {
    if (found.length > 0) break;
    found.push(...(await findIn(small, widened(photo, factor))));
  }
  return nonMaximumSuppression(found, { overlap });

  /** Returns faces in a part of the photo, in pixels of the photo. */
  async function findIn({ picture, reduction }: Reduced, tile: Box): Promise<DetectedFace[]> {
    const pixel = Math.max(tile.width, tile.height) / size;
    const faces = await find(letterboxed(picture, scaled(tile, 1 / reduction), size));
    return faces.map(({ box, ...face }) => {
      const { x, y, width, height } = scaled(box, pixel);
      return { ...face, box: { x: tile.x + x, y: tile.y + y, width, height } };
    });
  }
}

/** A reduced image, and its reduction factor along both sides. */
interface Reduced {
  readonly picture: Picture;
  readonly reduction: number;
}

/** Halves a photo as long as its tiles remain larger than the detector's input. */
function reducedFor(photo: Picture, { width, height }: Box, size: number): Reduced {
  let [picture, reduction] = [photo, 1];
  while (Math.max(width, height) >= 2 * reduction * size)
    [picture, reduction] = [halved(picture), 2 * reduction];
  return { picture, reduction };
}

/** Fits the longer side to `size` and pads with black below or to the right of the image, as face-api.js does. */
function letterboxed(picture: Picture, tile: Box, size: number): Picture {
  const scale = size / Math.max(tile.width, tile.height);
  const [width, height] = [
    Math.max(1, Math.round(tile.width * scale)),
    Math.max(1, Math.round(tile.height * scale)),
  ];
  const small = resampled(picture, tile, width, height);
  if (width === size && height === size) return small;
  const { channels } = picture;
  const pixels = new Uint8Array(size * size * channels);
  for (let y = 0; y < height; y++)
    pixels.set(small.pixels.subarray(y * width * channels, (y + 1) * width * channels), y * size * channels);
  return { pixels, width: size, height: size, channels };
}

/**
 * A panorama is searched in squares that overlap by half; any other photo as a whole. In a very narrow strip the
 * squares are larger than its height, because an image of a few kilobytes must not produce thousands of them.
 */
function tilesOf({ width, height }: Picture): Box[] {
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const side = Math.ceil(Math.max(2 * short, (2 * long) / (MOST_TILES + 1)));
  if (long <= side) return [{ x: 0, y: 0, width, height }];
  const steps = Math.ceil((long - side) / (side / 2));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const start = Math.round(((long - side) * i) / steps);
    return width > height ? { x: start, y: 0, width: side, height } : { x: 0, y: start, width, height: side };
  });
}

/** Returns a square around the centre of the image. */
function widened({ width, height }: Picture, factor: number): Box {
  const side = factor * Math.max(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
}
