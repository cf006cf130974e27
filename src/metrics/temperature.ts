/** Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2). */

import { checkProbabilities } from "./probabilities.ts";
import { softmaxRow } from "./softmax.ts";
import type { Votes } from "./votes.ts";

/** Temperatures that are searched, as their reciprocals: from 20 down to 0.05. */
const scales = [0.05, 20] as const;

/**
 * What a temperature is fitted to: `plurality`, the label of each image, which with votes is the class that most people chose; or
 * `votes`, the shares of the votes that each class got.
 */
export const calibrationTargets = ["plurality", "votes"] as const;
export type CalibrationTarget = (typeof calibrationTargets)[number];

export interface TemperatureOptions {
  /** The samples that are looked at. Default: all. */
  readonly rows?: ArrayLike<number> | undefined;
  /** A sample's votes for the classes stand for its label, by their shares. Default: labels alone. */
  readonly votes?: Votes | undefined;
}

/**
 * Wrong answers that a temperature needs to be fitted. Only they keep the fit from making a model ever surer of itself. Ten per
 * parameter is the usual rule for logistic models (Peduzzi et al. 1996, "A simulation study of the number of events per
 * variable in logistic regression analysis"), and a temperature is one parameter.
 */
export const LEAST_MISTAKES = 10;

/**
 * The temperature that logits `[N, classCount]` are best divided by: the one of least negative log likelihood of the labels or,
 * with votes, of least cross-entropy to their shares; between 0.05 and 20, to twelve digits. 1 where fewer than `LEAST_MISTAKES`
 * samples are wrong: too little says how often the model errs. Of a sample with votes, the share that the answer did not get is
 * wrong.
 */
export function fitTemperature(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  { rows = Uint32Array.from(labels, (_, i) => i), votes }: TemperatureOptions = {},
): number {
  checkProbabilities(logits, labels, classCount, "logits");
  const samples = Array.from(rows, (row): Sample => {
    const q = sharesOf(votes?.[row], labels[row] as number, classCount);
    const own = q.map((_, k) => logits[row * classCount + k] as number);
    // Relative to the target's mean, so that large common parts cancel before they are squared.
    const mean = own.reduce((sum, logit, k) => (q[k] ? sum + q[k] * logit : sum), 0);
    return { z: own.map((logit) => logit - mean), q };
  });
  if (mistakesOf(samples) < LEAST_MISTAKES) return 1;
  const at = (scale: number): Derivatives => derivatives(samples, scale);
  let [low, high]: [number, number] = [...scales];
  if (at(low).slope > 0) return 1 / low;
  if (!(at(high).slope > 0)) return 1 / high;
  // In the reciprocal the likelihood is convex, so Newton's step, or halving where it would leave the bracket, converges.
  let scale = 1;
  for (let step = 0; step < 100; step++) {
    const { slope, curvature } = at(scale);
    if (slope > 0) high = scale;
    else low = scale;
    const newton = scale - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    const done = Math.abs(next - scale) <= 1e-12 * scale;
    scale = next;
    if (done) break;
  }
  return 1 / scale;
}

/** Logits of a sample, less their mean over its target, and the share of each class in that target. */
interface Sample {
  readonly z: readonly number[];
  readonly q: readonly number[];
}

function sharesOf(votes: readonly number[] | undefined, label: number, classCount: number): number[] {
  const own = votes?.slice(0, classCount) ?? [];
  const total = own.reduce((sum, count) => sum + count, 0);
  if (total > 0) return own.map((count) => count / total);
  return Array.from({ length: classCount }, (_, k) => (k === label ? 1 : 0));
}

/** The shares of the samples' targets that are in classes with less than the greatest logit. */
function mistakesOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, { z, q }) => {
    const top = Math.max(...z);
    return q.reduce((total, share, k) => ((z[k] as number) < top ? total + share : total), sum);
  }, 0);
}

interface Derivatives {
  readonly slope: number;
  readonly curvature: number;
}

/**
 * First and second derivative of the summed cross-entropy by the factor s on the logits z: with p the softmax of s·z and q the
 * target they are E_p[z] − E_q[z] and Var_p[z], summed over the samples. Here E_q[z] is 0.
 */
function derivatives(samples: readonly Sample[], scale: number): Derivatives {
  const classCount = samples[0]?.z.length ?? 0;
  const p = new Float64Array(classCount);
  let [slope, curvature] = [0, 0];
  for (const { z } of samples) {
    softmaxRow(z, 0, classCount, scale, p);
    let [mean, square] = [0, 0];
    for (let k = 0; k < classCount; k++) {
      const [zk, pk] = [z[k] as number, p[k] as number];
      mean += pk * zk;
      square += pk * zk * zk;
    }
    slope += mean;
    curvature += square - mean * mean;
  }
  return { slope, curvature };
}
