/** Coverage against accuracy: how accurate a model is if it may answer "not sure". */

import * as Plot from "@observablehq/plot";
import { squareChart } from "./square-chart.ts";
import { palette } from "./svg.ts";

/** Coverage above which a label to the right of its dot would leave the chart; it goes below, to the left. */
const AT_EDGE = 0.84;

export interface CoverageChart {
  /** Without a threshold, so on all images. */
  readonly accuracy: number;
  /** In order of rising threshold; accuracy is null if no image is answered. */
  readonly points: readonly {
    readonly threshold: number;
    readonly coverage: number;
    readonly accuracy: number | null;
  }[];
}

/** Draws the curve from all images on the right to only the most confident on the left; each dot is labelled with its threshold. */
export function coverageSvg({ accuracy, points }: CoverageChart): string {
  const answered = points.flatMap((point) =>
    point.coverage > 0 && point.accuracy !== null
      ? [{ x: point.coverage, y: point.accuracy, name: `≥ ${Math.round(point.threshold * 100)}%` }]
      : [],
  );
  const drawn = [{ x: 1, y: accuracy, name: "" }, ...answered];
  const lowest = Math.floor((Math.min(...drawn.map(({ y }) => y)) - 0.02) * 10) / 10;
  const low = Math.max(0, Math.min(lowest, 0.9));
  // Labels of neighbouring dots would overlap: a label is about 44 × 13 px.
  const named = answered.filter(
    ({ x, y }, i) =>
      !answered
        .slice(0, i)
        .some((other) => Math.abs(other.x - x) < 0.14 && Math.abs(other.y - y) < 0.047 * (1 - low)),
  );
  return squareChart({
    title: "Coverage against accuracy",
    heading: "When it may answer “not sure”",
    across: "share of images answered",
    up: "share of answers that are right",
    ticks: 5,
    // Labels need room below the heading and above the axis.
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
