/** Enlarges a small map bilinearly, each of its cells where the network looked for it. */

import type { CellGrid } from "../models/receptive-field.ts";

/** A heat map as a network's last feature map has it, and where it lies on the enlarged one. */
export interface CellMap {
  /** Row after row. */
  readonly values: Float32Array;
  /** Values in a row. */
  readonly width: number;
  /** Where the cells of a row, and of a column, lie: in pixels of the enlarged map. */
  readonly grid: CellGrid;
  /** The part of each side that the network saw, from low to high: the enlarged map is 0 outside. */
  readonly seen: readonly [low: number, high: number];
}

/**
 * The map as `size` × `size` values, row after row. Between the centres of cells it is bilinear; beyond the outermost ones it
 * stays as it is there.
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
  /** The two values it lies between, and how near it is to the second. */
  readonly low: number;
  readonly high: number;
  readonly share: number;
  /** Whether the network saw it. */
  readonly covered: boolean;
}

/** Where each of `size` pixels lies among `length` cells. */
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
