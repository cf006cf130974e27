/** Nearest neighbours by cosine similarity of a network's features. */

import type { Features } from "./out-of-sample.ts";

/** Scales rows to length 1; zero rows stay zero. */
export function unitRows({ rows, width }: Features): Features {
  const unit = Float32Array.from(rows);
  for (let start = 0; start < unit.length; start += width) {
    const row = unit.subarray(start, start + width);
    const length = Math.hypot(...row);
    if (length > 0) for (let i = 0; i < width; i++) row[i] = (row[i] as number) / length;
  }
  return { rows: unit, width };
}

/** Returns the cosine similarity, from -1 to 1, of two rows of length 1. */
export function similarity({ rows, width }: Features, a: number, b: number): number {
  let sum = 0;
  for (let i = 0, j = a * width, k = b * width; i < width; i++, j++, k++)
    sum += (rows[j] as number) * (rows[k] as number);
  return sum;
}

/** Returns the `count` rows most similar to row `index` among those that may be shown, excluding itself, nearest first. */
export function nearest(
  features: Features,
  index: number,
  count: number,
  isShown: (image: number) => boolean = () => true,
): { image: number; similarity: number }[] {
  const others = Array.from({ length: features.rows.length / features.width }, (_, image) => image);
  return others
    .filter((image) => image !== index && isShown(image))
    .map((image) => ({ image, similarity: similarity(features, index, image) }))
    .sort((a, b) => b.similarity - a.similarity || a.image - b.image)
    .slice(0, count);
}
