/** An evaluation as text and as JSON. */

import type { Evaluation } from "../evaluate/evaluate.node.ts";
import { classificationReport } from "../metrics/classification-report.ts";
import { confusionText } from "../report/confusion.ts";
import { percent } from "./output.ts";

/** Report, confusion matrix and headline; `split` says what was scored. */
export function evaluationText(evaluation: Evaluation, split: string): string {
  const { scores, interval, matrix, classes, majority, nll, ece } = evaluation;
  const headline = split === "test" ? "test" : split === "validation" ? "selected on validation" : split;
  return [
    classificationReport(matrix, classes),
    confusionText(matrix, classes),
    "",
    `accuracy           ${percent(scores.accuracy)}  (95 % interval ${percent(interval[0])} to ${percent(interval[1])}), ${headline}, ${scores.n} pictures`,
    `balanced accuracy  ${percent(scores.balancedAccuracy)}`,
    `macro F1           ${scores.macro.f1.toFixed(4)}`,
    `weighted F1        ${scores.weighted.f1.toFixed(4)}`,
    `majority baseline  ${percent(majority)}`,
    `log loss           ${nll.toFixed(4)}`,
    `calibration error  ${ece.toFixed(4)}`,
  ].join("\n");
}

export function evaluationJson(evaluation: Evaluation, split: string) {
  const { scores, interval, matrix, classes, majority, nll, ece } = evaluation;
  return {
    n: scores.n,
    split,
    accuracy: scores.accuracy,
    interval,
    balancedAccuracy: scores.balancedAccuracy,
    macroF1: scores.macro.f1,
    weightedF1: scores.weighted.f1,
    majority,
    ece,
    nll,
    classes,
    perClass: Object.fromEntries(classes.map((name, i) => [name, scores.perClass[i]])),
    confusion: matrix,
  };
}
