/** An evaluation as text. */

import type { EvaluationResult, Interval } from "../jobs/evaluation-result.ts";
import { classificationReport } from "../metrics/classification-report.ts";
import { type MetricName, metricEntries } from "../metrics/registry.ts";
import { confusionText } from "../report/confusion.ts";
import { metricText, percent } from "./output.ts";
import { tableText } from "./table.ts";
import { widthOf } from "./terminal.ts";
import { lengthOf } from "./wrap.ts";

/** The headline with what was scored, the classification report and the confusion matrix. */
export function evaluationText(evaluation: EvaluationResult, terminal = widthOf()): string {
  const { n, split, intervals, confusion, classes, majority, confused, coverage } = evaluation;
  const headline = split === "test" ? "test" : split === "validation" ? "selected on validation" : split;
  const percents = ([low, high]: Interval): string => `${percent(low)} to ${percent(high)}`;
  const rows: Row[] = [
    [
      "accuracy",
      `${percent(evaluation.accuracy)}  (95 % interval ${percents(intervals.accuracy)}), ${headline}, ${n} images`,
    ],
    ["majority baseline", percent(majority)],
    ...leakRows(evaluation),
    ...metricRows(evaluation),
    ["AUC", aucText(evaluation)],
    ["most confused", confused.map(({ text }) => text).join(", ") || "nothing"],
    ...coverage.map(
      ({ threshold, coverage: share, accuracy }, i): Row => [
        i === 0 ? "when it is sure" : "",
        `at least ${percent(threshold).padStart(6)}: ${percent(share).padStart(7)} of the images` +
          (share > 0 ? `, ${percent(accuracy)} of them right` : ""),
      ],
    ),
  ];
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return [
    classificationReport(confusion, classes),
    confusionTable(confusion, classes, terminal),
    "",
    ...rows.map(([label, text]) => label.padEnd(width) + text),
  ].join("\n");
}

/** The matrix, or, on a terminal that is too narrow for it, what each class was taken for. */
function confusionTable(
  confusion: EvaluationResult["confusion"],
  classes: readonly string[],
  terminal: number | undefined,
): string {
  const text = confusionText(confusion, classes);
  if (text.split("\n").every((line) => lengthOf(line) <= (terminal ?? Number.POSITIVE_INFINITY))) return text;
  const columns = ["truth", ...classes].map((name) => ({ name }));
  const rows = classes.map((name, k) => [name, ...(confusion[k] ?? []).map(String)]);
  return `truth, with the predictions below it\n${tableText(columns, rows, terminal)}\n`;
}

type Row = readonly [label: string, text: string];

/** The metrics, with their intervals if they have one. */
function metricRows(evaluation: EvaluationResult): Row[] {
  const intervals: Partial<Record<MetricName, Interval>> = evaluation.intervals;
  return metricEntries.map(([name, metric]) => {
    const within = intervals[name]?.map((end) => metricText(metric, end)).join(" to ");
    const detail = name === "ece" ? calibrationText(evaluation) : within && `95 % interval ${within}`;
    return [metric.label, `${metricText(metric, evaluation[name])}${detail ? `  (${detail})` : ""}`];
  });
}

/** Rows about leaks; none without leaks, or if nobody looked for them. */
function leakRows({ leaked, withoutLeaked, seen, withoutSeen }: EvaluationResult): Row[] {
  const copies = `${leaked} are pixel-identical to training images of this data`;
  const known = `${seen} are training images of the model or of its starting weights, or near copies of them`;
  return [
    ...(leaked ? [withoutRow("without leaks", withoutLeaked, copies)] : []),
    ...(seen ? [withoutRow("without known", withoutSeen, known)] : []),
  ];
}

function withoutRow(label: string, rest: EvaluationResult["withoutSeen"], what: string): Row {
  if (!rest) return [label, `no images left: all ${what}`];
  const { n, accuracy, interval } = rest;
  const within = interval.map(percent).join(" to ");
  return [label, `${percent(accuracy)}  (95 % interval ${within}), ${n} images: ${what}`];
}

/** The AUC of each class against the others; a class that does not occur has none. */
function aucText({ auc, classes }: EvaluationResult): string {
  const known = classes.flatMap((name) => {
    const area = auc[name] as number;
    return Number.isNaN(area) ? [] : [`${name} ${area.toFixed(4)}`];
  });
  return known.length > 0 ? known.join(", ") : "none: all images are of one class";
}

/** The temperature at which the calibration error was measured, and the error without it or cross-fitted. */
function calibrationText({ calibration }: EvaluationResult): string {
  const { temperature, fittedTemperature, fittedTo, eceRaw, eceCrossFitted, fittedHere } = calibration;
  const to = fittedTo === "votes" ? " fitted to votes" : "";
  const at = (value: number): string => `at temperature ${value.toFixed(2)}`;
  const raw = `${eceRaw.toFixed(4)} ${at(1)}`;
  const notes = fittedHere
    ? [`temperature ${temperature.toFixed(2)}${to}, cross-fitted`, raw]
    : [
        `${at(temperature)}${to}`,
        ...(temperature === 1 ? [] : [raw]),
        `${eceCrossFitted.toFixed(4)} cross-fitted ${at(fittedTemperature)}`,
      ];
  return notes.join("; ");
}
