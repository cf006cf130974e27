/** Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2). */

import { checkProbabilities } from "./probabilities.ts";
import { softmaxRow } from "./softmax.ts";
import type { Votes } from "./votes.ts";

/** Bounds of the search, in reciprocal temperatures: temperatures from 20 down to 0.05. */
const scales = [0.05, 20] as const;

/**
 * The target of a temperature fit: `plurality`, each image's label, which with votes is the class that most people
 * chose; or `votes`, each class's share of the votes.
 */
export const calibrationTargets = ["plurality", "votes"] as const;
export type CalibrationTarget = (typeof calibrationTargets)[number];

export interface TemperatureOptions {
  /** Indices of the samples to use. Default: all. */
  readonly rows?: ArrayLike<number> | undefined;
  /** Votes replace a sample's label by the shares of its classes. Default: labels only. */
  readonly votes?: Votes | undefined;
}

/**
 * Minimum number of wrong answers for a fit. Without wrong answers, the fit would make a model ever more confident. Ten
 * events per parameter is the usual rule for logistic models (Peduzzi et al. 1996, "A simulation study of the number of
 * events per variable in logistic regression analysis"), and a temperature is one parameter.
 */
export const LEAST_MISTAKES = 10;

/**
 * Returns the temperature for logits `[N, classCount]` that minimises the negative log likelihood of the labels or,
 * with votes, the cross-entropy to their shares. It lies between 0.05 and 20 and is accurate to twelve digits. If fewer
 * than `LEAST_MISTAKES` answers are wrong, it is 1, because the error rate is too uncertain. A sample with votes counts
 * as wrong by the share of votes that its answer did not get.
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
    // Relative to the target's mean, so that large common terms cancel before they are squared.
    const mean = own.reduce((sum, logit, k) => (q[k] ? sum + q[k] * logit : sum), 0);
    return { z: own.map((logit) => logit - mean), q };
  });
  if (mistakesOf(samples) < LEAST_MISTAKES) return 1;
  const at = (scale: number): Derivatives => derivatives(samples, scale);
  let [low, high]: [number, number] = [...scales];
  if (at(low).slope > 0) return 1 / low;
  if (!(at(high).slope > 0)) return 1 / high;
  // The likelihood is convex in the reciprocal, so Newton's step, or bisection if it leaves the bracket, converges.
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

/** A sample's logits minus their mean over its target, and the target's share of each class. */
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

/** Returns the sum of the target shares that lie on classes without the greatest logit. */
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
 * Returns the first and second derivative of the summed cross-entropy by the factor s of the logits z. With p the
 * softmax of s·z and q the target, they are E_p[z] − E_q[z] and Var_p[z], summed over the samples. Here E_q[z] is 0.
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
