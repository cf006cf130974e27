/** Paired comparison of two classifiers on the same samples, with an interval of the difference. */

import { VultusError } from "../util/errors.ts";
import { type BootstrapOptions, bootstrapInterval } from "./bootstrap.ts";
import { mcnemarP } from "./mcnemar.ts";

export interface PairedDifference {
  readonly n: number;
  readonly accuracyA: number;
  readonly accuracyB: number;
  /** Accuracy of B minus the accuracy of A, from -1 to 1. */
  readonly difference: number;
  /** Bootstrap interval of the difference. Samples are resampled as pairs. */
  readonly interval: readonly [number, number];
  /** McNemar's exact p-value. */
  readonly mcnemarP: number;
  readonly bothRight: number;
  /** Samples that A gets right and B does not. */
  readonly onlyA: number;
  readonly onlyB: number;
  readonly bothWrong: number;
}

/** Compares the predictions of A and B sample by sample. Predictions and labels are class indices. */
export function pairedDifference(
  labels: ArrayLike<number>,
  predictedA: ArrayLike<number>,
  predictedB: ArrayLike<number>,
  options?: BootstrapOptions,
): PairedDifference {
  const n = labels.length;
  if (predictedA.length !== n || predictedB.length !== n) {
    throw new VultusError(
      `${n} labels but ${predictedA.length} and ${predictedB.length} predictions: expected one prediction per label from each classifier.`,
    );
  }
  const changes = new Int8Array(n);
  let [bothRight, onlyA, onlyB] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [a, b] = [predictedA[i] === labels[i], predictedB[i] === labels[i]];
    if (a && b) bothRight++;
    else if (a) onlyA++;
    else if (b) onlyB++;
    changes[i] = Number(b) - Number(a);
  }
  return {
    n,
    accuracyA: (bothRight + onlyA) / n,
    accuracyB: (bothRight + onlyB) / n,
    difference: (onlyB - onlyA) / n,
    interval: bootstrapInterval(changes, options),
    mcnemarP: mcnemarP(onlyA, onlyB),
    bothRight,
    onlyA,
    onlyB,
    bothWrong: n - bothRight - onlyA - onlyB,
  };
}
