/** The directions in which rows of numbers vary most, and the rows projected onto them (principal component analysis). */

import { random } from "../../../src/util/random.ts";

/** Enough for distinct directions; those of nearly equal variance may mix, which does not affect distances. */
const ROUNDS = 4;

/**
 * The rows in at most `wanted` dimensions, the one with the largest variance first. Uses orthogonal iteration from fixed random
 * directions.
 * @param rows `count` × `width`
 * @returns `count` × min(wanted, width)
 */
export function principalComponents(
  rows: Float32Array,
  count: number,
  wanted: number,
): { readonly rows: Float32Array; readonly width: number } {
  const width = rows.length / count;
  const kept = Math.min(wanted, width);
  const centred = withoutMean(rows, count);
  const draws = random("principal components");
  let axes = orthonormal(
    Array.from({ length: kept }, () => Float64Array.from({ length: width }, draws.normal)),
  );
  for (let round = 0; round < ROUNDS; round++) {
    const next = axes.map(() => new Float64Array(width));
    for (let start = 0; start < rows.length; start += width)
      for (let k = 0; k < kept; k++) {
        const along = dot(centred, start, axes[k] as Float64Array);
        const sum = next[k] as Float64Array;
        for (let j = 0; j < width; j++) sum[j] = (sum[j] as number) + along * (centred[start + j] as number);
      }
    axes = orthonormal(next);
  }
  const result = new Float32Array(count * kept);
  for (let i = 0; i < count; i++)
    for (let k = 0; k < kept; k++) result[i * kept + k] = dot(centred, i * width, axes[k] as Float64Array);
  return { rows: result, width: kept };
}

function withoutMean(rows: Float32Array, count: number): Float32Array {
  const width = rows.length / count;
  const mean = new Float64Array(width);
  rows.forEach((value, i) => {
    mean[i % width] = (mean[i % width] as number) + value / count;
  });
  return rows.map((value, i) => value - (mean[i % width] as number));
}

/** Gram-Schmidt. A direction that vanishes becomes zero. */
function orthonormal(axes: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const axis of axes) {
    const length = Math.sqrt(dot(axis, 0, axis));
    for (const other of done) {
      const along = dot(axis, 0, other);
      for (let j = 0; j < axis.length; j++) axis[j] = (axis[j] as number) - along * (other[j] as number);
    }
    const left = Math.sqrt(dot(axis, 0, axis));
    const scale = left > 1e-9 * length ? 1 / left : 0;
    done.push(axis.map((value) => value * scale));
  }
  return done;
}

function dot(rows: Float32Array | Float64Array, start: number, axis: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < axis.length; j++) sum += (rows[start + j] as number) * (axis[j] as number);
  return sum;
}
