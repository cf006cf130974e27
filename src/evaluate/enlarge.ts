/** Enlarges a small map bilinearly, pixel centres on pixel centres (PyTorch's `align_corners=False`). */

/** `map` of `width` columns, row after row, as `size` × `size` values. */
export function enlarged(map: Float32Array, width: number, size: number): Float32Array {
  const rows = samplePoints(map.length / width, size);
  const columns = samplePoints(width, size);
  const out = new Float32Array(size * size);
  for (const [y, { low: top, high: bottom, share: down }] of rows.entries()) {
    for (const [x, { low: left, high: right, share: along }] of columns.entries()) {
      const at = (row: number): number =>
        (map[row * width + left] as number) * (1 - along) + (map[row * width + right] as number) * along;
      out[y * size + x] = at(top) * (1 - down) + at(bottom) * down;
    }
  }
  return out;
}

/** For each of `size` results the two of `length` values it lies between, and how near it is to the second. */
function samplePoints(length: number, size: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: size }, (_, i) => {
    const position = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / size - 0.5));
    const low = Math.floor(position);
    return { low, high: Math.min(low + 1, length - 1), share: position - low };
  });
}
