/**
 * Resizes the position table of a vision transformer to another grid of patches. The first row belongs to the class token and is
 * kept; the others form an image of the grid and are resized as in their library, by bicubic interpolation.
 */

import type { Origin } from "../models/backbone.ts";
import { type FloatTensor, floatTensor } from "../util/tensor.ts";

/** Whether a tensor of this name holds a row for each position. */
export const isPositionTable = (name: string): boolean => /(^|\.)pos_embed(ding)?$/.test(name);

/** The side of the grid in a table [1, 1 + side², C]; undefined for any other shape. */
export function gridSide(shape: readonly number[]): number | undefined {
  const [one, rows = 0] = shape;
  const side = Math.sqrt(rows - 1);
  return shape.length === 3 && one === 1 && Number.isInteger(side) && side > 0 ? side : undefined;
}

/** The table [1, 1 + from², C] for a grid of `to` × `to`. */
export function resizedPositions(table: FloatTensor, to: number, library: Origin["library"]): FloatTensor {
  const from = gridSide(table.shape) as number;
  const channels = table.shape[2] as number;
  const weights = library === "torchvision" ? alignedWeights(from, to) : antialiasedWeights(from, to);
  const data = new Float32Array((1 + to * to) * channels);
  data.set(table.data.subarray(0, channels));
  // Along columns, then along rows; in double precision.
  const narrowed = new Float64Array(from * to * channels);
  for (let y = 0; y < from; y++)
    for (const [x, row] of weights.entries())
      for (const [source, weight] of row)
        for (let c = 0; c < channels; c++)
          narrowed[(y * to + x) * channels + c] =
            (narrowed[(y * to + x) * channels + c] as number) +
            weight * (table.data[(1 + y * from + source) * channels + c] as number);
  const line = to * channels;
  const sum = new Float64Array(line);
  for (const [y, row] of weights.entries()) {
    sum.fill(0);
    for (const [source, weight] of row)
      for (let i = 0; i < line; i++)
        sum[i] = (sum[i] as number) + weight * (narrowed[source * line + i] as number);
    data.set(sum, channels + y * line);
  }
  return floatTensor([1, 1 + to * to, channels], data);
}

/** For each position of a new line: positions of the old line, and their weights. */
type Weights = readonly (readonly (readonly [source: number, weight: number])[])[];

/** Keys' cubic convolution: `a` is the slope at 1. */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Like torchvision's `interpolate_embeddings`: the corners of both grids coincide; outside, the edge is repeated. */
function alignedWeights(from: number, to: number): Weights {
  return Array.from({ length: to }, (_, i) => {
    const centre = to > 1 ? (i * (from - 1)) / (to - 1) : 0;
    const first = Math.floor(centre) - 1;
    return [0, 1, 2, 3].map((k) => {
      const source = Math.min(Math.max(first + k, 0), from - 1);
      return [source, cubic(centre - (first + k), -0.75)] as const;
    });
  });
}

/** Like timm's `resample_abs_pos_embed`: the edges of both grids coincide, with antialiasing when reducing. */
function antialiasedWeights(from: number, to: number): Weights {
  const scale = from / to;
  const width = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = scale * (i + 0.5);
    const first = Math.max(Math.trunc(centre - 2 * width + 0.5), 0);
    const end = Math.min(Math.trunc(centre + 2 * width + 0.5), from);
    const row = Array.from({ length: end - first }, (_, k) => {
      const weight = cubic((first + k + 0.5 - centre) / width, -0.5);
      return [first + k, weight] as const;
    });
    const total = row.reduce((sum, [, weight]) => sum + weight, 0);
    return row.map(([source, weight]) => [source, weight / total] as const);
  });
}
