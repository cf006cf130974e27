/** Enlarges a small map bilinearly, pixel centres on pixel centres (PyTorch's `align_corners=False`). */

/**
 * `map` of `width` columns, row after row, as `size` × `size` values. With a `zoom` above 1 the map covers only the centre of
 * the result, a share of 1/zoom of each side, and there are zeros around it.
 */
export function enlarged(map: Float32Array, width: number, size: number, zoom = 1): Float32Array {
  const rows = samplePoints(map.length / width, size, zoom);
  const columns = samplePoints(width, size, zoom);
  const out = new Float32Array(size * size);
  for (const [y, { low: top, high: bottom, share: down, covered: rowCovered }] of rows.entries()) {
    for (const [x, { low: left, high: right, share: along, covered }] of columns.entries()) {
      if (!rowCovered || !covered) continue;
      const at = (row: number): number =>
        (map[row * width + left] as number) * (1 - along) + (map[row * width + right] as number) * along;
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
  /** Whether it lies within the map. */
  readonly covered: boolean;
}

/** Where each of `size` results lies among `length` values. */
function samplePoints(length: number, size: number, zoom: number): SamplePoint[] {
  return Array.from({ length: size }, (_, i) => {
    const place = 0.5 + zoom * ((i + 0.5) / size - 0.5);
    const position = Math.min(length - 1, Math.max(0, place * length - 0.5));
    const low = Math.floor(position);
    const high = Math.min(low + 1, length - 1);
    return { low, high, share: position - low, covered: place > 0 && place < 1 };
  });
}
