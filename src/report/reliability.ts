/** The reliability diagram: how often a model is right where it is about equally sure (Niculescu-Mizil and Caruana 2005). */

import * as Plot from "@observablehq/plot";
import type { ReliabilityBin } from "../metrics/reliability.ts";
import { squareChart } from "./square-chart.ts";
import { palette } from "./svg.ts";

/** One dot per bin. On the diagonal a model is as often right as it says; the rules are the distance to it. */
export function reliabilitySvg(bins: readonly ReliabilityBin[]): string {
  const diagonal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  return squareChart({
    title: "Reliability diagram",
    heading: "Reliability",
    across: "how sure the model is",
    up: "share that is right",
    ticks: [0, 0.25, 0.5, 0.75, 1],
    marks: [
      Plot.line(diagonal, { x: "x", y: "y", stroke: palette.muted, strokeDasharray: "3 4" }),
      Plot.ruleX(bins, {
        x: "confidence",
        y1: "confidence",
        y2: "accuracy",
        stroke: palette.vermilion,
        strokeWidth: 2,
      }),
      Plot.line(bins, { x: "confidence", y: "accuracy", stroke: palette.blue, strokeWidth: 1.75 }),
      Plot.dot(bins, { x: "confidence", y: "accuracy", fill: palette.blue, r: 3.5 }),
    ],
  });
}
