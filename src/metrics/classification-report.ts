/** The text of scikit-learn's `classification_report`, reproduced character by character. */

import { VultusError } from "../util/errors.ts";
import type { ConfusionMatrix } from "./confusion.ts";
import { f1, summarize } from "./scores.ts";

const digits = 4;
const headings = ["precision", "recall", "f1-score", "support"];

/**
 * Returns what `classification_report(labels, predicted, labels=range(K), target_names=names, digits=4,
 * zero_division=0)` prints in scikit-learn 1.2, ending in a newline. One bug is not reproduced: if nothing is right,
 * scikit-learn prints the supports as "4.0". Throws unless `names` has one name per row of the matrix.
 */
export function classificationReport(matrix: ConfusionMatrix, names: readonly string[]): string {
  if (names.length !== matrix.length) {
    throw new VultusError(`${names.length} class names for a confusion matrix of ${matrix.length} classes.`);
  }
  const { accuracy, perClass, macro, weighted, n } = summarize(matrix);
  const nameWidth = Math.max("weighted avg".length, ...names.map((name) => [...name].length));
  const line = (name: string, cells: readonly string[]): string =>
    `${padStart(name, nameWidth)} ${cells.map((cell) => ` ${cell.padStart(9)}`).join("")}\n`;
  const numbers = (name: string, precision: number, recall: number, f: number, support: number): string =>
    line(name, [...[precision, recall, f].map((share) => toFixedHalfEven(share, digits)), `${support}`]);

  // scikit-learn labels the accuracy "micro avg" and prints it three times if a class never occurs.
  const everyClassOccurs = perClass.every(({ support }, k) => support > 0 || matrix.some((row) => row[k]));
  const harmonic = f1(accuracy, accuracy);
  return [
    line("", headings),
    "\n",
    ...names.map((name, k) => {
      const { precision, recall, f1: f, support } = perClass[k] as (typeof perClass)[number];
      return numbers(name, precision, recall, f, support);
    }),
    "\n",
    everyClassOccurs
      ? line("accuracy", ["", "", toFixedHalfEven(harmonic, digits), `${n}`])
      : numbers("micro avg", accuracy, accuracy, harmonic, n),
    numbers("macro avg", macro.precision, macro.recall, macro.f1, n),
    numbers("weighted avg", weighted.precision, weighted.recall, weighted.f1, n),
  ].join("");
}

/**
 * Formats a share from 0 to 1 like Python's `format`. `toFixed` differs only if the double lies exactly between two
 * decimals (1/32 to four digits): it rounds up, Python rounds to even.
 */
export function toFixedHalfEven(value: number, decimals: number): string {
  const scaled = value * 2 ** (decimals + 1);
  if (!Number.isInteger(scaled) || scaled % 2 === 0) return value.toFixed(decimals);
  // value·10^d = scaled·5^d / 2 with an odd numerator, so the two neighbours are half a unit away.
  const below = (scaled * 5 ** decimals - 1) / 2;
  return ((below % 2 === 0 ? below : below + 1) / 10 ** decimals).toFixed(decimals);
}

/** Pads by code points, like Python, not by UTF-16 units. */
function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - [...text].length)) + text;
}
