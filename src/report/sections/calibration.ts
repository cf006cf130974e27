/** Whether a model knows when it is wrong: the reliability diagram, and what it gains by saying "not sure". */

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
    ? " The temperature was fitted on these images, so it is judged cross-fitted: on each fold by a temperature of the others."
    : "";
  const change =
    temperature === 1
      ? ", and no temperature was fitted to its confidence"
      : `, ${decimals(eceRaw)} without its temperature of ${temperature.toFixed(2)}`;
  const votes =
    fittedTo === "votes"
      ? " The temperature was fitted to the shares of people's votes; the calibration error is that of the labels."
      : "";
  return `The expected calibration error is ${decimals(ece)}${change}.${votes}${crossFitted}`;
}

function reliabilityChart({ calibration, ece }: EvaluationRecord): string {
  const all = calibration?.reliability ?? [];
  const bins = shownBins(all);
  const [least, most] = [bins[0], bins.at(-1)];
  if (!least || !most) return "";
  const label = `Reliability diagram of ${bins.length} bins: from ${percents(least.accuracy)} right where the model is ${percents(least.confidence)} sure to ${percents(most.accuracy)} right where it is ${percents(most.confidence)} sure; expected calibration error ${decimals(ece)}.`;
  return chart(
    reliabilitySvg(all),
    label,
    "Each dot stands for about the same number of images, the line through it for the 95 % interval. Below the diagonal the model is too sure, above it too modest; where the line crosses the diagonal, that may be chance.",
    {
      caption: "Bins from least to most sure",
      head: ["sure", "right", "95 % interval", "pictures"],
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
  const label = `Coverage against accuracy: answering everything it is ${percents(accuracy)} right${best ? `; answering only where it is at least ${percents(best.threshold)} sure, it answers ${percents(best.coverage)} of the images and is ${percents(best.accuracy)} right` : ""}.`;
  return chart(
    coverageSvg({ accuracy, points: coverage }),
    label,
    "What it gets right of the images that it answers, where it leaves out those it is less sure of.",
    {
      caption: "By the least confidence that counts as an answer",
      head: ["at least", "answered", "right of those"],
      rows: coverage.map((point) => [
        percents(point.threshold),
        percents(point.coverage),
        percents(point.accuracy),
      ]),
      numbers: true,
    },
  );
}
