/** An evaluation as text and as JSON. */

import type { Evaluation } from "../evaluate/evaluate.node.ts";
import { classificationReport } from "../metrics/classification-report.ts";
import { confusedPairText } from "../metrics/confused-pairs.ts";
import { confusionText } from "../report/confusion.ts";
import { percent } from "./output.ts";

/** Report, confusion matrix and headline; `split` says what was scored. */
export function evaluationText(evaluation: Evaluation, split: string): string {
  const { scores, intervals, matrix, classes, majority, nll, top2, brier, confused, coverage } = evaluation;
  const headline = split === "test" ? "test" : split === "validation" ? "selected on validation" : split;
  const percents = ([low, high]: readonly [number, number]): string => `${percent(low)} to ${percent(high)}`;
  const [low, high] = intervals.macroF1;
  return [
    classificationReport(matrix, classes),
    confusionText(matrix, classes),
    "",
    `accuracy           ${percent(scores.accuracy)}  (95 % interval ${percents(intervals.accuracy)}), ${headline}, ${scores.n} pictures`,
    `balanced accuracy  ${percent(scores.balancedAccuracy)}  (95 % interval ${percents(intervals.balancedAccuracy)})`,
    `macro F1           ${scores.macro.f1.toFixed(4)}  (95 % interval ${low.toFixed(4)} to ${high.toFixed(4)})`,
    `weighted F1        ${scores.weighted.f1.toFixed(4)}`,
    `majority baseline  ${percent(majority)}`,
    ...leakLines(evaluation),
    `top-2 accuracy     ${percent(top2)}`,
    `AUC                ${aucText(evaluation)}`,
    `log loss           ${nll.toFixed(4)}`,
    `Brier score        ${brier.toFixed(4)}`,
    `calibration error  ${calibrationText(evaluation)}`,
    `most confused      ${confused.map((pair) => confusedPairText(pair, classes)).join(", ") || "nothing"}`,
    ...coverage.map(
      ({ threshold, coverage: share, accuracy }, i) =>
        `${i === 0 ? "when it is sure" : ""}`.padEnd(19) +
        `at least ${percent(threshold).padStart(6)}: ${percent(share).padStart(7)} of the pictures` +
        (share > 0 ? `, ${percent(accuracy)} of them right` : ""),
    ),
  ].join("\n");
}

/** Nothing where there is no leak, or none was looked for. */
function leakLines({ leaks }: Evaluation): string[] {
  if (!leaks?.leaked) return [];
  const { leaked, withoutLeaked } = leaks;
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
function aucText({ auc, classes }: Evaluation): string {
  const known = classes.flatMap((name, k) => {
    const area = auc[k] as number;
    return Number.isNaN(area) ? [] : [`${name} ${area.toFixed(4)}`];
  });
  return known.length > 0 ? known.join(", ") : "none: all pictures are of one class";
}

/** The error that counts, and what it would be otherwise. */
function calibrationText({ ece, calibration }: Evaluation): string {
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

export function evaluationJson(evaluation: Evaluation, split: string) {
  const { scores, interval, intervals, matrix, classes, majority, nll, ece } = evaluation;
  const { top2, auc, brier, calibration, coverage, confused } = evaluation;
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
    ...(evaluation.leaks && {
      leaked: evaluation.leaks.leaked,
      withoutLeaked: evaluation.leaks.withoutLeaked ?? null,
    }),
    intervals,
    top2,
    /** `null` for a class that does not occur, as JSON has no NaN. */
    auc: Object.fromEntries(classes.map((name, i) => [name, auc[i] as number])),
    brier,
    calibration,
    coverage,
    confused: confused.map((pair) => ({
      ...pair,
      truth: classes[pair.truth] as string,
      predicted: classes[pair.predicted] as string,
      text: confusedPairText(pair, classes),
    })),
  };
}
