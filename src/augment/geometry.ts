/**
 * Crop, flip, rotation, shift, scale and perspective as one homography per image, so that each image is interpolated
 * only once. torchvision resamples after each transform, which blurs more, and blackens everything that leaves the
 * frame in between: a corner that a rotation turns into view is black there, but shows the image beyond the crop here.
 * There is no antialiasing, because images are already reduced to at most 1.25 times the result.
 */

import type { Value } from "../graph/types.ts";
import { concat, slice } from "../ops/concat.ts";
import { div } from "../ops/div.ts";
import { gridSample } from "../ops/grid-sample.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import type { Random } from "../util/random.ts";
import { type Canvas, type Extent, type Placed, placed } from "./canvas.ts";
import { identity, invert, type Matrix, multiply, type Point, squareTo } from "./matrix.ts";
import type { Augmentation } from "./settings.ts";

/** The transforms of one image, in this order. */
export interface Geometry {
  /** The cropped rectangle, in shares of the image's sides. It is stretched to the square result. */
  readonly crop: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  /** Rotation about the centre, counter-clockwise, in degrees. */
  readonly degrees: number;
  readonly flip: boolean;
  /** Scaling about the centre, then a shift to the right and down in shares of the side. */
  readonly scale: number;
  readonly shift: Point;
  /** Inward shift of the corners, in shares of half a side, clockwise from the upper left; null for none. */
  readonly corners: readonly [Point, Point, Point, Point] | null;
}

const wholePicture = { left: 0, top: 0, width: 1, height: 1 };

/** Draws every number, used or not, so that disabling one transform does not change the others. */
export function drawGeometry(settings: Augmentation, rng: Random, picture: Extent): Geometry {
  const { randomResizedCrop, rotation, horizontalFlip, affine, perspective } = settings;
  const { translate, scale } = affine ?? { translate: 0, scale: [1, 1] as const };
  const { distortion, probability } = perspective ?? { distortion: 0, probability: 0 };
  const degrees = rng.uniform(-rotation, rotation);
  const flip = rng.chance(horizontalFlip);
  const drawn = {
    degrees,
    flip,
    scale: rng.uniform(...scale),
    shift: [rng.uniform(-translate, translate), rng.uniform(-translate, translate)] as const,
  };
  const distorted = rng.chance(probability);
  const inwards = (): Point => [rng.uniform(0, distortion), rng.uniform(0, distortion)];
  const corners = [inwards(), inwards(), inwards(), inwards()] as const;
  // Drawn last, because the crop takes a variable number of draws.
  const crop = randomResizedCrop ? drawCrop(randomResizedCrop, rng, picture) : wholePicture;
  return { crop, ...drawn, corners: distorted ? corners : null };
}

/**
 * torchvision's RandomResizedCrop without rounding to pixels: up to ten tries, else the largest centred crop that fits.
 */
function drawCrop(
  { scale, ratio }: NonNullable<Augmentation["randomResizedCrop"]>,
  rng: Random,
  { width, height }: Extent,
): Geometry["crop"] {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * rng.uniform(...scale);
    const aspect = Math.exp(rng.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const [w, h] = [Math.sqrt(area * aspect) / width, Math.sqrt(area / aspect) / height];
    if (w <= 1 && h <= 1)
      return { left: rng.uniform(0, 1 - w), top: rng.uniform(0, 1 - h), width: w, height: h };
  }
  const own = width / height;
  const aspect = Math.min(Math.max(own, ratio[0]), ratio[1]);
  const [w, h] = own > aspect ? [aspect / own, 1] : [1, own / aspect];
  return { left: (1 - w) / 2, top: (1 - h) / 2, width: w, height: h };
}

/**
 * Returns the matrix that maps a position in the result to its position in the image, both from −1 (left, top) to 1.
 * Each factor inverts its transform. The last transform is inverted first, so its factor stands on the right.
 */
export function homography({ crop, degrees, flip, scale, shift, corners }: Geometry): Matrix {
  const { left, top, width, height } = crop;
  const radians = (degrees * Math.PI) / 180;
  const [c, s] = [Math.cos(radians), Math.sin(radians)];
  const [x, y] = [(2 * shift[0]) / scale, (2 * shift[1]) / scale];
  let m: Matrix = [width, 0, 2 * left + width - 1, 0, height, 2 * top + height - 1, 0, 0, 1];
  m = multiply(m, [c, -s, 0, s, c, 0, 0, 0, 1]);
  if (flip) m = multiply(m, [-1, 0, 0, 0, 1, 0, 0, 0, 1]);
  m = multiply(m, [1 / scale, 0, -x, 0, 1 / scale, -y, 0, 0, 1]);
  return multiply(m, corners ? unwarp(corners) : identity);
}

function unwarp([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: NonNullable<Geometry["corners"]>): Matrix {
  return invert(
    squareTo([
      [-1 + x0, -1 + y0],
      [1 - x1, -1 + y1],
      [1 - x2, 1 - y2],
      [-1 + x3, 1 - y3],
    ]),
  );
}

/**
 * Converts the matrix to the graph's coordinates: from positions in the result to positions on the canvas, where the
 * image fills only the upper left. GridSample's −1 and 1 are the outer edges of the canvas.
 */
export function onCanvas(m: Matrix, { width, height, part }: Placed, canvas: Canvas): Matrix {
  const [w, h] = [width / canvas.width, height / canvas.height];
  if (!part) return multiply([w, 0, w - 1, 0, h, h - 1, 0, 0, 1], m);
  const [x, y] = [part.across / part.width, part.down / part.height];
  const [left, top] = [(2 * part.left) / canvas.width, (2 * part.top) / canvas.height];
  return multiply([w * x, 0, (w - left) * x - 1, 0, h * y, (h - top) * y - 1, 0, 0, 1], m);
}

/** Returns the image for the canvas; if it is too long for it, with the part that is visible through the matrix. */
export function placedSeen<T extends Extent>(picture: T, m: Matrix, canvas: Canvas): T & Placed {
  return placed(picture, canvas, () => {
    const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [x, y] as const));
    const depths = corners.map(([x, y]) => m[6] * x + m[7] * y + m[8]);
    // Beyond the horizon the visible area is unbounded.
    const isBounded = depths.every((w) => w > 0) || depths.every((w) => w < 0);
    const places = (a: number, b: number, c: number, length: number): number[] =>
      corners.map(([x, y], i) =>
        isBounded ? (((a * x + b * y + c) / (depths[i] as number) + 1) / 2) * length : i * length,
      );
    const across = places(m[0], m[1], m[2], picture.width);
    const down = places(m[3], m[4], m[5], picture.height);
    return {
      from: [Math.min(...across), Math.min(...down)],
      to: [Math.max(...across), Math.max(...down)],
    };
  });
}

/**
 * Samples images [N, C, H, W] bilinearly at `size`² positions each, given by `matrices` [N, 3, 3]. Everything outside
 * an image is black: GridSample pads with zeros, and the canvas is zero beyond the image. `projective` states that the
 * last row of a matrix may differ from (0, 0, 1).
 */
export function warp(pictures: Value, matrices: Value, size: number, projective: boolean): Value {
  const columns = transpose(matrices, [0, 2, 1]);
  const xy = planes(slice(columns, 2, 0, 2), size);
  if (!projective) return gridSample(pictures, xy);
  const w = slice(columns, 2, 2, 3);
  // w is repeated to the width of (x, y), because a division that broadcasts along a last axis of 2 takes ten times as
  // long.
  return gridSample(pictures, div(xy, planes(concat([w, w], 2), size)));
}

/**
 * Returns a·x + b·y + c at every position (x, y) of the result, for `coefficients` [N, 3, 2] = (a, b, c) of two such
 * sums: [N, size, size, 2]. One product computes a·x + c and b for every column, a second (a·x + c) + y·b for every
 * row. Its rows are 2·size long; a single product of [size², 3] and (a, b, c) would have rows of 2 and take several
 * times as long.
 */
function planes(coefficients: Value, size: number): Value {
  const { graph } = coefficients;
  const places = Array.from({ length: size }, (_, i) => (2 * i + 1) / size - 1);
  const constant = (rows: readonly (readonly number[])[]): Value =>
    graph.constant("float32", [rows.length, (rows[0] as number[]).length], Float32Array.from(rows.flat()));
  const across = constant([...places.map((x) => [x, 0, 1]), ...places.map(() => [0, 1, 0])]);
  const down = constant(places.map((y) => [1, y]));
  const batch = coefficients.shape[0] as number;
  const byColumn = reshape(matmul(across, coefficients), [batch, 2, 2 * size]);
  return reshape(matmul(down, byColumn), [batch, size, size, 2]);
}
