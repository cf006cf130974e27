/** Helpers for probabilities, stored row-major as `[N, classCount]`. */

import { VultusError } from "../util/errors.ts";
import { checkLabels } from "./confusion.ts";

/** Throws unless there is a valid label for each row of probabilities. */
export function checkProbabilities(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number>,
  classCount: number,
  noun = "probabilities",
): void {
  checkLabels(labels, classCount);
  if (probabilities.length !== labels.length * classCount) {
    throw new VultusError(
      `${probabilities.length} ${noun} for ${labels.length} samples of ${classCount} classes; ` +
        `expected ${labels.length * classCount}.`,
    );
  }
}

/** Returns the most probable class of each row; the first one on a tie. */
export function argmaxRows(probabilities: ArrayLike<number>, classCount: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / classCount }, (_, i) => {
    const row = i * classCount;
    let best = 0;
    for (let k = 1; k < classCount; k++) {
      if ((probabilities[row + k] as number) > (probabilities[row + best] as number)) best = k;
    }
    return best;
  });
}

/** Reorders the columns of probabilities to another order of the same classes. */
export function reorderedColumns(
  rows: Float32Array,
  from: readonly string[],
  to: readonly string[],
): Float32Array {
  const columns = to.map((name) => from.indexOf(name));
  return rows.map((_, i) => {
    const column = i % to.length;
    return rows[i - column + (columns[column] as number)] as number;
  });
}
