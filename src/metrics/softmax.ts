/** Softmax outside a graph, in double precision and at any temperature. */

/** Returns the softmax of each row of `logits` `[N, classCount]` divided by `temperature`. Rows sum to 1. */
export function softmaxRows(logits: ArrayLike<number>, classCount: number, temperature = 1): Float64Array {
  const out = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row += classCount) {
    softmaxRow(logits, row, classCount, 1 / temperature, out);
  }
  return out;
}

/**
 * Computes the softmax of `scale` times the `classCount` logits that start at `row`, and writes it to the same
 * positions of `out`.
 */
export function softmaxRow(
  logits: ArrayLike<number>,
  row: number,
  classCount: number,
  scale: number,
  out: Float64Array,
): void {
  let top = Number.NEGATIVE_INFINITY;
  for (let k = row; k < row + classCount; k++) top = Math.max(top, logits[k] as number);
  let total = 0;
  for (let k = row; k < row + classCount; k++) {
    const share = Math.exp(scale * ((logits[k] as number) - top));
    out[k] = share;
    total += share;
  }
  for (let k = row; k < row + classCount; k++) out[k] = (out[k] as number) / total;
}
