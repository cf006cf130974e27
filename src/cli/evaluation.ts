/** An evaluation as text. */

import type { EvaluationResult, Interval } from "../jobs/evaluation-result.ts";
import { classificationReport } from "../metrics/classification-report.ts";
import { confusionText } from "../report/confusion.ts";
import { percent } from "./output.ts";

/** Report, confusion matrix and headline, which says what was scored. */
export function evaluationText(evaluation: EvaluationResult): string {
  const { n, split, intervals, confusion, classes, majority, nll, top2, brier, confused, coverage } =
    evaluation;
  const headline = split === "test" ? "test" : split === "validation" ? "selected on validation" : split;
  const percents = ([low, high]: Interval): string => `${percent(low)} to ${percent(high)}`;
  const [low, high] = intervals.macroF1;
  return [
    classificationReport(confusion, classes),
    confusionText(confusion, classes),
    "",
    `accuracy           ${percent(evaluation.accuracy)}  (95 % interval ${percents(intervals.accuracy)}), ${headline}, ${n} pictures`,
    `balanced accuracy  ${percent(evaluation.balancedAccuracy)}  (95 % interval ${percents(intervals.balancedAccuracy)})`,
    `macro F1           ${evaluation.macroF1.toFixed(4)}  (95 % interval ${low.toFixed(4)} to ${high.toFixed(4)})`,
    `weighted F1        ${evaluation.weightedF1.toFixed(4)}`,
    `majority baseline  ${percent(majority)}`,
    ...leakLines(evaluation),
    `top-2 accuracy     ${percent(top2)}`,
    `AUC                ${aucText(evaluation)}`,
    `log loss           ${nll.toFixed(4)}`,
    `Brier score        ${brier.toFixed(4)}`,
    `calibration error  ${calibrationText(evaluation)}`,
    `most confused      ${confused.map(({ text }) => text).join(", ") || "nothing"}`,
    ...coverage.map(
      ({ threshold, coverage: share, accuracy }, i) =>
        `${i === 0 ? "when it is sure" : ""}`.padEnd(19) +
        `at least ${percent(threshold).padStart(6)}: ${percent(share).padStart(7)} of the pictures` +
        (share > 0 ? `, ${percent(accuracy)} of them right` : ""),
    ),
  ].join("\n");
}

/** Nothing where there is no leak, or none was looked for. */
function leakLines({ leaked, withoutLeaked }: EvaluationResult): string[] {
  if (!leaked) return [];
  if (!withoutLeaked)
    return [
      `without leaks      nothing is left: all ${leaked} are pixel-identical to training pictures of this data`,
    ];
  const { n, accuracy, interval } = withoutLeaked;
  return [
    `without leaks      ${percent(accuracy)}  (95 % interval ${percent(interval[0])} to ${percent(interval[1])}), ${n} pictures: ` +
      `${leaked} are pixel-identical to training pictures of this data`,
  ];
}

/** Each class against the others; a class that does not occur has none. */
function aucText({ auc, classes }: EvaluationResult): string {
  const known = classes.flatMap((name) => {
    const area = auc[name] as number;
    return Number.isNaN(area) ? [] : [`${name} ${area.toFixed(4)}`];
  });
  return known.length > 0 ? known.join(", ") : "none: all pictures are of one class";
}

/** The error that counts, and what it would be otherwise. */
function calibrationText({ ece, calibration }: EvaluationResult): string {
  const { temperature, fittedTemperature, eceRaw, eceCrossFitted, fittedHere } = calibration;
  const at = (value: number): string => `at temperature ${value.toFixed(2)}`;
  const raw = `${eceRaw.toFixed(4)} ${at(1)}`;
  const notes = fittedHere
    ? [`temperature ${temperature.toFixed(2)}, cross-fitted`, raw]
    : [
        at(temperature),
        ...(temperature === 1 ? [] : [raw]),
        `${eceCrossFitted.toFixed(4)} cross-fitted ${at(fittedTemperature)}`,
      ];
  return `${ece.toFixed(4)}  (${notes.join("; ")})`;
}
