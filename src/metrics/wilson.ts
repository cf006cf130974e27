/** The interval of a share that was counted. */

/** The 97.5th percentile of the normal distribution. */
const Z = 1.959963984540054;

/** 95 % interval of the share that `hits` of `n` estimate (Wilson 1927), from 0 to 1; [0, 1] where n is 0. */
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
 * Wilson's interval where all or none of `n` are hits, and undefined elsewhere. There every resample is like the sample, so a
 * bootstrap interval would have no width, as if nothing were left to chance.
 */
export function intervalOfAlike(hits: number, n: number): [low: number, high: number] | undefined {
  return n > 0 && (hits === 0 || hits === n) ? wilsonInterval(hits, n) : undefined;
}
