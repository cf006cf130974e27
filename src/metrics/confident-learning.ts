/** Finds labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70). */

import { checkProbabilities } from "./probabilities.ts";

export interface Suspect {
  /** Index of the sample. */
  readonly index: number;
  /** The class that the model is confident of instead of the label. */
  readonly suggested: number;
  /**
   * Probability of the given label minus the probability of the most probable other class, from -1 to 1. Lower values
   * are stronger suspicions.
   */
  readonly margin: number;
}

export interface ConfidentLearning {
  /** Per class, the mean probability of the class over samples with this label; NaN if there are none. */
  readonly thresholds: readonly number[];
  /**
   * `joint[given][suggested]`: the number of samples that confidently belong to each class. Rows need not sum to all
   * samples.
   */
  readonly joint: readonly (readonly number[])[];
  /** The off-diagonal samples of the joint, most confident first. */
  readonly suspects: readonly Suspect[];
}

/**
 * `probabilities` `[N, classCount]` must be out of sample: a model that was trained on a label cannot judge it.
 *
 * A sample confidently belongs to the most probable class whose probability reaches that class's threshold (the mean
 * self-confidence of its label). Suspects are samples that confidently belong to another class than their label (the
 * off-diagonal of the confident joint), ranked by normalised margin.
 *
 * @throws VultusError for rows of the wrong length, or labels outside the classes.
 */
export function confidentLearning(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
): ConfidentLearning {
  checkProbabilities(probabilities, labels, classCount);
  const at = (row: number, k: number): number => probabilities[row * classCount + k] as number;
  const sums = new Float64Array(classCount);
  const counts = new Float64Array(classCount);
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row] as number;
    sums[label] = (sums[label] as number) + at(row, label);
    counts[label] = (counts[label] as number) + 1;
  }
  const thresholds = Array.from(sums, (sum, k) => sum / (counts[k] as number));
  const joint = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  const suspects: Suspect[] = [];
  for (let row = 0; row < labels.length; row++) {
    const given = labels[row] as number;
    let suggested = -1;
    let other = 0;
    for (let k = 0; k < classCount; k++) {
      const p = at(row, k);
      if (k !== given) other = Math.max(other, p);
      if (p >= (thresholds[k] as number) && (suggested < 0 || p > at(row, suggested))) suggested = k;
    }
    if (suggested < 0) continue;
    const counted = joint[given] as number[];
    counted[suggested] = (counted[suggested] as number) + 1;
    if (suggested !== given) suspects.push({ index: row, suggested, margin: at(row, given) - other });
  }
  suspects.sort((a, b) => a.margin - b.margin || a.index - b.index);
  return { thresholds, joint, suspects };
}
