/** The reliability diagram: how often a model is right where it is about equally sure (Niculescu-Mizil and Caruana 2005). */

import * as Plot from "@observablehq/plot";
import type { ReliabilityBin } from "../metrics/reliability.ts";
import { placed, plotSvg } from "./plot.ts";
import { palette, svgPage, text } from "./svg.ts";

const side = 380;
const margin = { left: 50, right: 18, top: 44, bottom: 44 };

/** One dot per bin. On the diagonal a model is as often right as it says; the rules are the distance to it. */
export function reliabilitySvg(bins: readonly ReliabilityBin[]): string {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const axis = { ticks, tickFormat: "%", tickSize: 0, label: null } as const;
  const diagonal = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  const chart = plotSvg({
    width: side,
    height: side,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { domain: [0, 1], axis: null },
    y: { domain: [0, 1], axis: null },
    marks: [
      Plot.gridX({ ticks, stroke: palette.line, strokeOpacity: 1 }),
      Plot.gridY({ ticks, stroke: palette.line, strokeOpacity: 1 }),
      Plot.axisX(axis),
      Plot.axisY(axis),
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
  const label = { fill: palette.muted, fontSize: 11 };
  return svgPage(side, side, "Reliability diagram", [
    placed(chart, 0, 0),
    text(margin.left, 18, "Reliability", { fontWeight: "bold", fontSize: 13 }),
    text(margin.left, 34, "share that is right", label),
    text(side - margin.right, side - 8, "how sure the model is", { ...label, textAnchor: "end" }),
  ]);
}
