/** Which images look alike to a network: cosine similarity of their features. */

import type { Features } from "./out-of-sample.ts";

/** Rows of length 1; rows of zeros stay zero. */
export function unitRows({ rows, width }: Features): Features {
  const unit = Float32Array.from(rows);
  for (let start = 0; start < unit.length; start += width) {
    const row = unit.subarray(start, start + width);
    const length = Math.hypot(...row);
    if (length > 0) for (let i = 0; i < width; i++) row[i] = (row[i] as number) / length;
  }
  return { rows: unit, width };
}

/** Cosine similarity, from -1 to 1, of row `index` of unit rows to every row. */
export function similarities({ rows, width }: Features, index: number): Float32Array {
  const own = rows.subarray(index * width, (index + 1) * width);
  return Float32Array.from({ length: rows.length / width }, (_, row) => {
    let sum = 0;
    for (let i = 0, at = row * width; i < width; i++, at++) sum += (own[i] as number) * (rows[at] as number);
    return sum;
  });
}

/** The `count` rows most similar to row `index`, without itself, the nearest first. */
export function nearest(
  features: Features,
  index: number,
  count: number,
): { image: number; similarity: number }[] {
  return [...similarities(features, index)]
    .map((similarity, image) => ({ image, similarity }))
    .filter(({ image }) => image !== index)
    .sort((a, b) => b.similarity - a.similarity || a.image - b.image)
    .slice(0, count);
}
