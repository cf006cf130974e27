/** Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2). */

import { checkProbabilities } from "./probabilities.ts";
import { softmaxRow } from "./softmax.ts";

/** Temperatures that are searched, as their reciprocals: from 20 down to 0.05. */
const scales = [0.05, 20] as const;

/**
 * Wrong answers that a temperature needs to be fitted. Only they keep the fit from making a model ever surer of itself. Ten per
 * parameter is the usual rule for logistic models (Peduzzi et al. 1996, "A simulation study of the number of events per
 * variable in logistic regression analysis"), and a temperature is one parameter.
 */
export const LEAST_MISTAKES = 10;

/**
 * The temperature that logits `[N, classCount]` are best divided by: the one of least negative log likelihood between
 * 0.05 and 20, to twelve digits. 1 where fewer than `LEAST_MISTAKES` samples are wrong: too little says how often the model errs.
 * Only the samples in `rows` are looked at.
 */
export function fitTemperature(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  rows: ArrayLike<number> = Uint32Array.from(labels, (_, i) => i),
): number {
  checkProbabilities(logits, labels, classCount, "logits");
  if (mistakesOf(logits, labels, classCount, rows) < LEAST_MISTAKES) return 1;
  const at = (scale: number): Derivatives => derivatives(logits, labels, classCount, rows, scale);
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

/** How many of the samples in `rows` have another class with a greater logit than their own. */
function mistakesOf(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  rows: ArrayLike<number>,
): number {
  return Array.from(rows).filter((row) => {
    const at = (k: number): number => logits[row * classCount + k] as number;
    const truth = at(labels[row] as number);
    return Array.from({ length: classCount }, (_, k) => at(k)).some((logit) => logit > truth);
  }).length;
}

interface Derivatives {
  readonly slope: number;
  readonly curvature: number;
}

/**
 * First and second derivative of the summed negative log likelihood by the factor s on the logits z: with p the softmax
 * of s·z they are E_p[z] − z_truth and Var_p[z], summed over the rows.
 */
function derivatives(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  rows: ArrayLike<number>,
  scale: number,
): Derivatives {
  const z = new Float64Array(classCount);
  const p = new Float64Array(classCount);
  let [slope, curvature] = [0, 0];
  for (let i = 0; i < rows.length; i++) {
    const sample = rows[i] as number;
    const truth = logits[sample * classCount + (labels[sample] as number)] as number;
    // Relative to the truth, so that large common parts cancel before they are squared.
    for (let k = 0; k < classCount; k++) z[k] = (logits[sample * classCount + k] as number) - truth;
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
