/** Bootstrap intervals of means over subsets of the images, all from the same resamples. */

import { VultusError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { percentileInterval, type ResampleOptions } from "./bootstrap.ts";
import { wilsonInterval } from "./wilson.ts";

/** Share of the resampled values inside an interval. */
const LEVEL = 0.95;

/** A weighted mean over images: Σ of / Σ weight. */
export interface Estimate {
  readonly value: number;
  /** 95 % interval; for a share that is the same in all images, Wilson's interval for as many images. */
  readonly interval: readonly [low: number, high: number];
  /** Number of images in the mean. */
  readonly n: number;
}

/** The terms of a mean, one entry per image. */
export interface Terms {
  /** An image's contribution to the numerator. */
  readonly of: Float64Array;
  /** Its contribution to the denominator: 0 for an image that is left out. */
  readonly weight: Float64Array;
  /** Whether the mean is a share from 0 to 1. Its interval then has a width even if all images are alike. */
  readonly isShare: boolean;
}

/**
 * Returns ratios Σ of / Σ weight with percentile intervals (Efron 1979), all from the same resamples of the images. A
 * ratio without any weight is left out. A resample without weight for a ratio doesn't count for it.
 */
export function ratioEstimates<K extends string>(
  terms: Readonly<Record<K, Terms>>,
  { seed = 0, resamples = 2000 }: ResampleOptions = {},
): Partial<Record<K, Estimate>> {
  const names = (Object.keys(terms) as K[]).filter((name) => terms[name].weight.some((own) => own > 0));
  const n = names.length > 0 ? terms[names[0] as K].weight.length : 0;
  for (const name of names) {
    const { of, weight } = terms[name];
    if (of.length !== n || weight.length !== n)
      throw new VultusError(
        `"${name}" has ${of.length} values and ${weight.length} weights; expected ${n} of each.`,
      );
  }
  // Interleaved by image, so that a draw reads adjacent numbers.
  const width = 2 * names.length;
  const rows = new Float64Array(n * width);
  for (const [t, name] of names.entries()) {
    for (let i = 0; i < n; i++) {
      rows[i * width + 2 * t] = terms[name].of[i] as number;
      rows[i * width + 2 * t + 1] = terms[name].weight[i] as number;
    }
  }
  const rng = random(seed, "people");
  const drawn = names.map(() => new Float64Array(resamples));
  const sums = new Float64Array(width);
  for (let resample = 0; resample < resamples; resample++) {
    sums.fill(0);
    for (let draw = 0; draw < n; draw++) {
      const row = rng.integer(n) * width;
      for (let c = 0; c < width; c++) sums[c] = (sums[c] as number) + (rows[row + c] as number);
    }
    for (const [t, values] of drawn.entries())
      values[resample] = (sums[2 * t] as number) / (sums[2 * t + 1] as number);
  }
  return Object.fromEntries(
    names.map((name, t) => [name, estimate(terms[name], drawn[t] as Float64Array)]),
  ) as Partial<Record<K, Estimate>>;
}

function estimate({ of, weight, isShare }: Terms, drawn: Float64Array): Estimate {
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  const n = weight.filter((own) => own > 0).length;
  const value = total(of) / total(weight);
  // If every image has the same share, so has every resample: their interval would have no width and suggest certainty.
  const isAlike = of.every((own, i) => Math.abs(own - value * (weight[i] as number)) < 1e-12);
  return {
    value,
    interval:
      isShare && isAlike
        ? wilsonInterval(value * n, n)
        : percentileInterval(drawn.filter(Number.isFinite), LEVEL),
    n,
  };
}
