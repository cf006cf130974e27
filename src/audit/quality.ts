/** Images that teach nothing or little: blank, tiny, blurred, under- or overexposed. */

import type { Picture } from "../data/dataset.ts";
import { GREY_SIDE, greyOf, shrunk } from "../data/thumbnail.ts";

export const faults = ["blank", "tiny", "blurred", "underexposed", "overexposed"] as const;
export type Fault = (typeof faults)[number];

export interface Quality {
  readonly shorterSide: number;
  /** Mean and standard deviation of luma, 0 to 255. */
  readonly mean: number;
  readonly deviation: number;
  /** Variance of the Laplacian over the variance of luma. */
  readonly sharpness: number;
}

/** All but one in a thousand of FER2013's images vary by 16 and more; JPEG noise on a uniform image by 1 or 2. */
const BLANK_DEVIATION = 4;
/** Below half of FER2013's side an eye has three pixels, and what remains of an expression is a guess. */
const TINY_SIDE = 24;
/** All but one in a thousand of FER2013's images have 0.1 and more; blurred by a Gaussian of 2 px, 99 in 100 have less than 0.04. */
const BLURRED_SHARPNESS = 0.05;
/** A tenth of the scale at each end: fewer than one in a thousand of FER2013's images are that dark or that bright. */
const DARK_MEAN = 25;
const BRIGHT_MEAN = 230;

/**
 * Judged at the size of FER2013's images, since a photo that is soft at 4000 px may be crisp at 48. `whole` is what
 * `greyOf` gives of the image; an image smaller than that is judged as it is.
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

/** A blank image is only that: what else would be said of it follows. */
export function faultsOf({ shorterSide, mean, deviation, sharpness }: Quality): Fault[] {
  if (deviation < BLANK_DEVIATION) return ["blank"];
  const found: Fault[] = [];
  if (shorterSide < TINY_SIDE) found.push("tiny");
  if (sharpness < BLURRED_SHARPNESS) found.push("blurred");
  if (mean < DARK_MEAN) found.push("underexposed");
  if (mean > BRIGHT_MEAN) found.push("overexposed");
  return found;
}

/** The four neighbours less four times the middle (Pech-Pacheco et al. 2000 use its variance), without the border. */
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
