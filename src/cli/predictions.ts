/** Predictions as text, printed as they come: a table, CSV, JSON, or JSON lines. */

import { predictionColumns } from "../data/manifest-columns.ts";
import { csvRow } from "../formats/csv.ts";
import { encodeJsonLine } from "../formats/json-lines.ts";
import type { Face, Prediction } from "../predict/prediction.ts";

/** Lines of a result. A string may contain several lines; none ends with a line break. */
export interface PredictionFormat {
  readonly head: readonly string[];
  lines(prediction: Prediction, index: number): string[];
  readonly tail: readonly string[];
}

/** Number of probabilities per face on a narrow terminal. */
const SHOWN = 3;

/**
 * One line per face: its label and all probabilities, or the highest ones if the terminal is too narrow for all. Names longer
 * than `nameWidth` shift the rest of their line.
 */
export function tableFormat(
  classes: readonly string[],
  nameWidth: number,
  terminal = Number.POSITIVE_INFINITY,
): PredictionFormat {
  const width = Math.max(8, ...classes.map((label) => label.length)) + 2;
  const narrow = nameWidth + 2 + width * (classes.length + 1) > terminal;
  const probabilityCells = (probabilities: Readonly<Record<string, number>>): string[] =>
    narrow ? [greatest(probabilities)] : classes.map((name) => (probabilities[name] ?? 0).toFixed(4));
  const cells = (file: string, label: string, rest: readonly string[]): string =>
    `${file.padEnd(nameWidth)}  ${label.padEnd(width)}${rest.map((cell) => cell.padStart(width)).join("")}`.trimEnd();
  return {
    head: [cells("file", "label", narrow ? ["probabilities"] : classes)],
    lines: ({ file, status, faces }) =>
      faces.length === 0
        ? [cells(file, status === "no_face" ? "no face" : status, [])]
        : faces.map(({ label, probabilities }) =>
            cells(file, label ?? "not sure", probabilityCells(probabilities)),
          ),
    tail: [],
  };
}

/** Formats the highest probabilities as `happy 0.93, neutral 0.04, sad 0.01`. */
function greatest(probabilities: Readonly<Record<string, number>>): string {
  return Object.entries(probabilities)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([name, probability]) => `${name} ${probability.toFixed(2)}`)
    .join(", ");
}

/** One line per face, and one for a photo without faces; names are quoted if CSV needs it. */
export function csvFormat(classes: readonly string[]): PredictionFormat {
  const face = ({ box, score, label, probabilities }: Face): string[] => [
    ...[box.x, box.y, box.width, box.height, score ?? ""].map(String),
    label ?? "",
    ...classes.map((name) => (probabilities[name] ?? 0).toFixed(6)),
  ];
  const none = new Array<string>(6 + classes.length).fill("");
  return {
    head: [csvRow(["file", ...predictionColumns, ...classes])],
    lines: ({ file, status, faces }) =>
      (faces.length === 0 ? [none] : faces.map(face)).map((cells) => csvRow([file, status, ...cells])),
    tail: [],
  };
}

/** One array, one element per line. */
export const jsonFormat: PredictionFormat = {
  head: ["["],
  lines: (prediction, index) => [`${index === 0 ? " " : ","} ${JSON.stringify(prediction)}`],
  tail: ["]"],
};

export const jsonLinesFormat: PredictionFormat = {
  head: [],
  lines: (prediction) => [encodeJsonLine(prediction)],
  tail: [],
};
