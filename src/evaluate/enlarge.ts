/** Enlarges a small map bilinearly, placing each cell at the centre of its receptive field. */

import type { CellGrid } from "../models/receptive-field.ts";

/** A heat map at the resolution of the last feature map, and its position on the enlarged map. */
export interface CellMap {
  /** Row after row. */
  readonly values: Float32Array;
  /** Number of values per row. */
  readonly width: number;
  /** Positions of the cells along a row and along a column, in pixels of the enlarged map. */
  readonly grid: CellGrid;
  /** The part of each side that the network saw. The enlarged map is 0 outside it. */
  readonly seen: readonly [low: number, high: number];
}

/**
 * Returns the map as `size` × `size` values, row after row. Values are bilinear between cell centres and constant
 * beyond the outermost ones.
 */
export function enlarged({ values, width, grid, seen }: CellMap, size: number): Float32Array {
  const rows = samplePoints(values.length / width, size, grid, seen);
  const columns = samplePoints(width, size, grid, seen);
  const out = new Float32Array(size * size);
  for (const [y, { low: top, high: bottom, share: down, covered: rowCovered }] of rows.entries()) {
    for (const [x, { low: left, high: right, share: along, covered }] of columns.entries()) {
      if (!rowCovered || !covered) continue;
      const at = (row: number): number =>
        (values[row * width + left] as number) * (1 - along) +
        (values[row * width + right] as number) * along;
      out[y * size + x] = at(top) * (1 - down) + at(bottom) * down;
    }
  }
  return out;
}

interface SamplePoint {
  /** Indices of the two neighbouring values, and the weight of the second. */
  readonly low: number;
  readonly high: number;
  readonly share: number;
  /** Whether the network saw this pixel. */
  readonly covered: boolean;
}

/** Returns the position of each of `size` pixels among `length` cells. */
function samplePoints(
  length: number,
  size: number,
  { start, step }: CellGrid,
  [from, to]: CellMap["seen"],
): SamplePoint[] {
  return Array.from({ length: size }, (_, i) => {
    const place = i + 0.5;
    const position = Math.min(length - 1, Math.max(0, (place - start) / step));
    const low = Math.floor(position);
    const high = Math.min(low + 1, length - 1);
    return { low, high, share: position - low, covered: place > from && place < to };
  });
}
