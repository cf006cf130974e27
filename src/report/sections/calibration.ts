/** Whether a model knows when it is wrong: the reliability diagram, and what it gains by answering "not sure". */

import { coverageSvg } from "../coverage.ts";
import { chart, count, decimals, paragraph, percents, range, type Section } from "../html.ts";
import { reliabilitySvg, shownBins } from "../reliability.ts";
import type { EvaluationRecord, RunRecord } from "../run-record.ts";

export function calibration({ evaluation }: RunRecord): Section | undefined {
  if (!evaluation?.calibration) return undefined;
  return {
    id: "calibration",
    title: "Does it know when it is wrong?",
    html: `${paragraph(temperatureText(evaluation))}<div class="pair">${reliabilityChart(evaluation)}${coverageChart(evaluation)}</div>`,
  };
}

function temperatureText({ calibration, ece }: EvaluationRecord): string {
  if (!calibration) return "";
  const { temperature, eceRaw, fittedHere, fittedTo } = calibration;
  const crossFitted = fittedHere
    ? " The temperature was fitted on these images, so the error is cross-fitted: each fold uses a temperature fitted on the others."
    : "";
  const change =
    temperature === 1
      ? ", and no temperature was fitted to its confidence"
      : `, ${decimals(eceRaw)} without its temperature of ${temperature.toFixed(2)}`;
  const votes =
    fittedTo === "votes"
      ? " The temperature was fitted to the shares of people's votes, but the calibration error is measured against the labels."
      : "";
  return `The expected calibration error is ${decimals(ece)}${change}.${votes}${crossFitted}`;
}

function reliabilityChart({ calibration, ece }: EvaluationRecord): string {
  const all = calibration?.reliability ?? [];
  const bins = shownBins(all);
  const [least, most] = [bins[0], bins.at(-1)];
  if (!least || !most) return "";
  const label = `Reliability diagram of ${bins.length} bins: from ${percents(least.accuracy)} right at ${percents(least.confidence)} confidence to ${percents(most.accuracy)} right at ${percents(most.confidence)} confidence; expected calibration error ${decimals(ece)}.`;
  return chart(
    reliabilitySvg(all),
    label,
    "Each dot represents about the same number of images, and the line through it is the 95 % interval. Below the diagonal the model is overconfident, above it underconfident. If the line crosses the diagonal, the deviation is not statistically significant.",
    {
      caption: "Bins from least to most confident",
      head: ["sure", "right", "95 % interval", "images"],
      rows: bins.map((bin) => [
        percents(bin.confidence),
        percents(bin.accuracy),
        range(bin.interval),
        count(bin.count),
      ]),
      numbers: true,
    },
  );
}

function coverageChart({ coverage, accuracy }: EvaluationRecord): string {
  if (!coverage) return "";
  const best = coverage.findLast((point) => point.coverage > 0 && point.accuracy !== null);
  const label = `Coverage against accuracy: ${percents(accuracy)} right on all images${best ? `; with at least ${percents(best.threshold)} confidence, it answers ${percents(best.coverage)} of the images and is ${percents(best.accuracy)} right` : ""}.`;
  return chart(
    coverageSvg({ accuracy, points: coverage }),
    label,
    "Accuracy on the answered images, if the model answers “not sure” below a confidence threshold.",
    {
      caption: "By confidence threshold",
      head: ["threshold", "answered", "right of those"],
      rows: coverage.map((point) => [
        percents(point.threshold),
        percents(point.coverage),
        percents(point.accuracy),
      ]),
      numbers: true,
    },
  );
}
