/** Coverage against accuracy: what a model gets right where it may say "not sure". */

import * as Plot from "@observablehq/plot";
import { squareChart } from "./square-chart.ts";
import { palette } from "./svg.ts";

/** Coverage from which on a name to the right of its dot would leave the chart: it stands below, to the left. */
const AT_EDGE = 0.84;

export interface CoverageChart {
  /** Without any threshold: every image is answered. */
  readonly accuracy: number;
  /** By rising threshold; accuracy is null where nothing is answered. */
  readonly points: readonly {
    readonly threshold: number;
    readonly coverage: number;
    readonly accuracy: number | null;
  }[];
}

/** From all images on the right to only the surest on the left; each dot is named by its threshold. */
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
  return squareChart({
    title: "Coverage against accuracy",
    heading: "When it may say “not sure”",
    across: "share of the images it answers",
    up: "share that is right",
    ticks: 5,
    // Names need room below the heading and above the axis.
    y: { domain: [low, 1], insetTop: 14, insetBottom: 12 },
    marks: [
      Plot.line(drawn, { x: "x", y: "y", stroke: palette.blue, strokeWidth: 1.75 }),
      Plot.dot(drawn, { x: "x", y: "y", fill: palette.blue, r: 3.5 }),
      ...[false, true].map((atEdge) =>
        Plot.text(
          named.filter(({ x }) => x > AT_EDGE === atEdge),
          {
            x: "x",
            y: "y",
            text: "name",
            dx: atEdge ? -7 : 8,
            dy: atEdge ? 12 : -6,
            textAnchor: atEdge ? "end" : "start",
            fill: palette.ink,
            stroke: palette.paper,
            strokeWidth: 4,
          },
        ),
      ),
    ],
  });
}
