/** Square charts of one share against another, with a heading and both axes in percent. */

import * as Plot from "@observablehq/plot";
import { placed, plotSvg } from "./plot.ts";
import { palette, svgPage, text } from "./svg.ts";

export interface SquareChart {
  /** Title of the chart for screen readers. */
  readonly title: string;
  readonly heading: string;
  /** What the axes measure. */
  readonly across: string;
  readonly up: string;
  /** Positions of the ticks, or their approximate number. */
  readonly ticks: number | readonly number[];
  /** Minimum and maximum of the vertical axis, and room above and below them in pixels. */
  readonly y?: {
    readonly domain: readonly [number, number];
    readonly insetTop?: number;
    readonly insetBottom?: number;
  };
  readonly marks: readonly Plot.Markish[];
}

const side = 380;
const margin = { left: 50, right: 18, top: 44, bottom: 44 };

export function squareChart({ title, heading, across, up, ticks, y, marks }: SquareChart): string {
  const marked = { ticks: typeof ticks === "number" ? ticks : [...ticks] };
  const axis = { ...marked, tickFormat: "%", tickSize: 0, label: null };
  const grid = { ...marked, stroke: palette.line, strokeOpacity: 1 };
  const chart = plotSvg({
    width: side,
    height: side,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { domain: [0, 1], axis: null },
    y: { domain: [0, 1], ...y, axis: null },
    marks: [Plot.gridX(grid), Plot.gridY(grid), Plot.axisX(axis), Plot.axisY(axis), ...marks],
  });
  const label = { fill: palette.muted, fontSize: 11 };
  return svgPage(side, side, title, [
    placed(chart, 0, 0),
    text(margin.left, 18, heading, { fontWeight: "bold", fontSize: 13 }),
    text(margin.left, 34, up, label),
    text(side - margin.right, side - 8, across, { ...label, textAnchor: "end" }),
  ]);
}
