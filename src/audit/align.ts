/** Compares two small images: their correlation at the best alignment, allowing cropping and mirroring. */

import type { Window } from "../data/perceptual-hash.ts";
import { SIDE } from "../data/thumbnail.ts";

/** Maximum shift of an edge, as a share of the side: 3 px of FER2013's 48, plus half a pixel for rounding. */
const FURTHEST = 3.5 / 48;
/** Step sizes of the search, as shares of the side; the last is a quarter of a thumbnail's pixel. */
const STEPS = [1 / 48, 0.5 / 48];
/** A starting correlation below this is not worth a search: the faces differ, however they are moved. */
const HOPELESS = 0.8;
const EDGES = ["left", "right", "top", "bottom"] as const;

export interface Alignment {
  /** The part of one image that the other one shows. */
  readonly window: Window;
  readonly mirrored: boolean;
}

/**
 * Returns the highest correlation of `part` with a window of `whole`, found by moving one edge at a time from `start`.
 */
export function alignedCorrelation(whole: Uint8Array, part: Uint8Array, start: Alignment): number {
  let { window } = start;
  const { mirrored } = start;
  let best = correlation(whole, part, mirrored, window);
  if (best < HOPELESS) return best;
  for (const step of STEPS) {
    for (let improved = true; improved; ) {
      improved = false;
      for (const edge of EDGES) {
        for (const move of [step, -step]) {
          const tried = { ...window, [edge]: window[edge] + move };
          if (Math.abs(tried[edge]) > FURTHEST) continue;
          const found = correlation(whole, part, mirrored, tried);
          if (found <= best + 1e-6) continue;
          best = found;
          window = tried;
          improved = true;
        }
      }
    }
  }
  return best;
}

/** Returns Pearson's correlation over the cells of `part` that lie in `whole`. */
function correlation(whole: Uint8Array, part: Uint8Array, mirrored: boolean, window: Window): number {
  const across = samplesOf(window.left, window.right);
  const down = samplesOf(window.top, window.bottom);
  let n = 0;
  let sumA = 0;
  let sumB = 0;
  let squareA = 0;
  let squareB = 0;
  let product = 0;
  for (let y = 0; y < SIDE; y++) {
    const top = down.cell[y] as number;
    if (top < 0) continue;
    const below = down.share[y] as number;
    for (let x = 0; x < SIDE; x++) {
      const left = across.cell[x] as number;
      if (left < 0) continue;
      const beside = across.share[x] as number;
      const i = top * SIDE + left;
      const upper = (whole[i] as number) * (1 - beside) + (whole[i + 1] as number) * beside;
      const lower = (whole[i + SIDE] as number) * (1 - beside) + (whole[i + SIDE + 1] as number) * beside;
      const a = upper * (1 - below) + lower * below;
      const b = part[y * SIDE + (mirrored ? SIDE - 1 - x : x)] as number;
      n++;
      sumA += a;
      sumB += b;
      squareA += a * a;
      squareB += b * b;
      product += a * b;
    }
  }
  const spread = (squareA - (sumA * sumA) / n) * (squareB - (sumB * sumB) / n);
  return spread > 0 ? (product - (sumA * sumB) / n) / Math.sqrt(spread) : 0;
}

/**
 * For each cell of the part, the cell of `whole` left of its centre (-1 if outside) and the weight of the next cell.
 */
function samplesOf(before: number, after: number): { cell: Int32Array; share: Float64Array } {
  const cell = new Int32Array(SIDE).fill(-1);
  const share = new Float64Array(SIDE);
  const scale = 1 - before - after;
  for (let x = 0; x < SIDE; x++) {
    const centre = before * SIDE + (x + 0.5) * scale - 0.5;
    // Positions up to half a cell beyond the outermost centres still belong to these cells.
    if (centre < -0.5 || centre > SIDE - 0.5) continue;
    const left = Math.min(SIDE - 2, Math.max(0, Math.floor(centre)));
    cell[x] = left;
    share[x] = Math.min(1, Math.max(0, centre - left));
  }
  return { cell, share };
}
