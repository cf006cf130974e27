/** Coverage against accuracy: what a model gets right where it may say "not sure". */

import * as Plot from "@observablehq/plot";
import { placed, plotSvg } from "./plot.ts";
import { palette, svgPage, text } from "./svg.ts";

export interface CoverageChart {
  /** Without any threshold: every picture is answered. */
  readonly accuracy: number;
  /** By rising threshold; accuracy is null where nothing is answered. */
  readonly points: readonly {
    readonly threshold: number;
    readonly coverage: number;
    readonly accuracy: number | null;
  }[];
}

const side = 380;
const margin = { left: 50, right: 18, top: 44, bottom: 44 };

/** From all pictures on the right to only the surest on the left; each dot is named by its threshold. */
export function coverageSvg({ accuracy, points }: CoverageChart): string {
  const answered = points.flatMap((point) =>
    point.coverage > 0 && point.accuracy !== null
      ? [{ x: point.coverage, y: point.accuracy, name: `≥ ${Math.round(point.threshold * 100)}%` }]
      : [],
  );
  const drawn = [{ x: 1, y: accuracy, name: "" }, ...answered];
  const lowest = Math.floor((Math.min(...drawn.map(({ y }) => y)) - 0.02) * 10) / 10;
  const low = Math.max(0, Math.min(lowest, 0.9));
  // Dots that lie near one another would be named on one another: of a name about 44 × 13 px.
  const named = answered.filter(
    ({ x, y }, i) =>
      !answered
        .slice(0, i)
        .some((other) => Math.abs(other.x - x) < 0.14 && Math.abs(other.y - y) < 0.047 * (1 - low)),
  );
  const axis = { tickFormat: "%", tickSize: 0, label: null } as const;
  const chart = plotSvg({
    width: side,
    height: side,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { domain: [0, 1], axis: null },
    // The names of the surest answers need room below the title.
    y: { domain: [low, 1], axis: null, insetTop: 14 },
    marks: [
      Plot.gridX({ ticks: 5, stroke: palette.line, strokeOpacity: 1 }),
      Plot.gridY({ ticks: 5, stroke: palette.line, strokeOpacity: 1 }),
      Plot.axisX({ ...axis, ticks: 5 }),
      Plot.axisY({ ...axis, ticks: 5 }),
      Plot.line(drawn, { x: "x", y: "y", stroke: palette.blue, strokeWidth: 1.75 }),
      Plot.dot(drawn, { x: "x", y: "y", fill: palette.blue, r: 3.5 }),
      Plot.text(named, {
        x: "x",
        y: "y",
        text: "name",
        dx: 8,
        dy: -6,
        textAnchor: "start",
        fill: palette.ink,
        stroke: palette.paper,
        strokeWidth: 4,
      }),
    ],
  });
  const label = { fill: palette.muted, fontSize: 11 };
  return svgPage(side, side, "Coverage against accuracy", [
    placed(chart, 0, 0),
    text(margin.left, 18, "When it may say “not sure”", { fontWeight: "bold", fontSize: 13 }),
    text(margin.left, 34, "share that is right", label),
    text(side - margin.right, side - 8, "share of the pictures it answers", { ...label, textAnchor: "end" }),
  ]);
}
