/** Wilson's interval of a share. */

/** The 97.5th percentile of the normal distribution. */
const Z = 1.959963984540054;

/** Returns the 95 % interval of the share that `hits` of `n` estimate (Wilson 1927), from 0 to 1; [0, 1] if n is 0. */
export function wilsonInterval(hits: number, n: number): [low: number, high: number] {
  if (n === 0) return [0, 1];
  const share = hits / n;
  const middle = share + Z ** 2 / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  const scale = 1 + Z ** 2 / n;
  return [
    hits === 0 ? 0 : Math.max(0, (middle - half) / scale),
    hits === n ? 1 : Math.min(1, (middle + half) / scale),
  ];
}

/**
 * Returns Wilson's interval if all or none of `n` are hits, else undefined. In these cases every resample equals the
 * sample, so a bootstrap interval would have no width and suggest certainty.
 */
export function intervalOfAlike(hits: number, n: number): [low: number, high: number] | undefined {
  return n > 0 && (hits === 0 || hits === n) ? wilsonInterval(hits, n) : undefined;
}
