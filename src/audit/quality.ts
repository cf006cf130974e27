/** Images that are useless or nearly so for training: blank, tiny, blurred, under- or overexposed. */

import type { Picture } from "../data/dataset.ts";
import { GREY_SIDE, greyOf, shrunk } from "../data/thumbnail.ts";

export const faults = ["blank", "tiny", "blurred", "underexposed", "overexposed"] as const;
export type Fault = (typeof faults)[number];

export interface Quality {
  readonly shorterSide: number;
  /** Mean and standard deviation of luma, 0 to 255. */
  readonly mean: number;
  readonly deviation: number;
  /** Variance of the Laplacian divided by the variance of luma. */
  readonly sharpness: number;
}

/** In FER2013, 99.9 % of the images have a deviation of at least 16; JPEG noise on a uniform image has 1 or 2. */
const BLANK_DEVIATION = 4;
/** Below half of FER2013's side an eye has three pixels, and the expression is a guess. */
const TINY_SIDE = 24;
/** In FER2013, 99.9 % of the images have at least 0.1; blurred by a Gaussian of 2 px, 99 % have less than 0.04. */
const BLURRED_SHARPNESS = 0.05;
/** A tenth of the scale at each end: fewer than one in a thousand of FER2013's images are that dark or that bright. */
const DARK_MEAN = 25;
const BRIGHT_MEAN = 230;

/**
 * Judges an image at the size of FER2013's images, because a photo that is soft at 4000 px may be sharp at 48. `whole`
 * is the result of `greyOf` for the image. A smaller image is judged at its own size.
 */
export function qualityOf(picture: Picture, whole: Float64Array = greyOf(picture)): Quality {
  const { width, height } = picture;
  const columns = Math.min(width, GREY_SIDE);
  const rows = Math.min(height, GREY_SIDE);
  const grey = Math.min(columns, rows) < GREY_SIDE ? shrunk(picture, columns, rows) : whole;
  const { mean, variance } = momentsOf(grey);
  const edges = momentsOf(laplacian(grey, columns, rows)).variance;
  return {
    shorterSide: Math.min(width, height),
    mean,
    deviation: Math.sqrt(variance),
    sharpness: variance > 0 ? edges / variance : 0,
  };
}

/** Returns the faults of an image. A blank image gets no other fault, because these would only be consequences. */
export function faultsOf({ shorterSide, mean, deviation, sharpness }: Quality): Fault[] {
  if (deviation < BLANK_DEVIATION) return ["blank"];
  const found: Fault[] = [];
  if (shorterSide < TINY_SIDE) found.push("tiny");
  if (sharpness < BLURRED_SHARPNESS) found.push("blurred");
  if (mean < DARK_MEAN) found.push("underexposed");
  if (mean > BRIGHT_MEAN) found.push("overexposed");
  return found;
}

/**
 * Returns the Laplacian without the border: the four neighbours minus four times the centre (Pech-Pacheco et al. 2000
 * use its variance).
 */
function laplacian(grey: Float64Array, columns: number, rows: number): Float64Array {
  const at = (x: number, y: number): number => grey[y * columns + x] as number;
  const out: number[] = [];
  for (let y = 1; y < rows - 1; y++) {
    for (let x = 1; x < columns - 1; x++)
      out.push(at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y));
  }
  return Float64Array.from(out);
}

function momentsOf(values: Float64Array): { mean: number; variance: number } {
  if (values.length === 0) return { mean: 0, variance: 0 };
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, variance: squares / values.length };
}
