/** The reliability diagram: how often a model is right at each level of confidence (Niculescu-Mizil and Caruana 2005). */

import * as Plot from "@observablehq/plot";
import { type ReliabilityBin, widened } from "../metrics/reliability.ts";
import { wilsonInterval } from "../metrics/wilson.ts";
import { squareChart } from "./square-chart.ts";
import { palette } from "./svg.ts";

/** Minimum samples of a bin, and the share of all samples that is enough if there are few. */
const LEAST = 80;
const LEAST_SHARE = 0.2;

export interface ShownBin extends ReliabilityBin {
  /** 95 % interval of the accuracy. */
  readonly interval: readonly [low: number, high: number];
}

/** Merges bins until each has enough samples, and adds their intervals. */
export function shownBins(bins: readonly ReliabilityBin[]): ShownBin[] {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return widened(bins, Math.min(LEAST, LEAST_SHARE * total)).map((bin) => ({
    ...bin,
    interval: wilsonInterval(bin.accuracy * bin.count, bin.count),
  }));
}

/** Draws one dot per bin, with the interval of its accuracy. On the diagonal, accuracy equals confidence. */
export function reliabilitySvg(all: readonly ReliabilityBin[]): string {
  const bins = shownBins(all).map(({ interval: [low, high], ...bin }) => ({ ...bin, low, high }));
  const diagonal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  return squareChart({
    title: "Reliability diagram",
    heading: "Reliability",
    across: "confidence of the model",
    up: "share of predictions that are right",
    ticks: [0, 0.25, 0.5, 0.75, 1],
    marks: [
      Plot.line(diagonal, { x: "x", y: "y", stroke: palette.muted, strokeDasharray: "3 4" }),
      Plot.ruleX(bins, {
        x: "confidence",
        y1: "low",
        y2: "high",
        stroke: palette.blue,
        strokeWidth: 2,
        strokeOpacity: 0.45,
      }),
      Plot.line(bins, { x: "confidence", y: "accuracy", stroke: palette.blue, strokeWidth: 1.75 }),
      Plot.dot(bins, { x: "confidence", y: "accuracy", fill: palette.blue, r: 3.5 }),
    ],
  });
}
