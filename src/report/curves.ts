/** The course of a training: loss, accuracy and learning rate over all epochs, one above the other. */

import * as Plot from "@observablehq/plot";
import type { EpochLine } from "../train/run-events.ts";
import { placed, plotSvg } from "./plot.ts";
import { fitText, palette, path, svgPage, text, widthOf } from "./svg.ts";

type Measure = "trainLoss" | "validationLoss" | "trainAccuracy" | "validationAccuracy" | "learningRate";

/**
 * The values of an epoch that the charts show. Epochs are placed in the order of the records, whether counted per phase or over
 * the run. A value that is missing, null, NaN or infinite leaves a gap.
 */
export type ChartedEpoch = Pick<EpochLine, "phase" | "epoch"> & {
  readonly [M in Measure]?: EpochLine[M] | undefined;
};

/** x is the epoch's number over the whole run, from 1; y is NaN if the value is unknown. */
interface Point {
  readonly x: number;
  readonly y: number;
  readonly phase: number;
}

interface Series {
  readonly measure: Measure;
  readonly points: readonly Point[];
}

interface Chart {
  readonly title: string;
  readonly height: number;
  readonly series: readonly Series[];
  /** The values are shares; the best one is marked. */
  readonly percent?: boolean;
  /** A logarithmic scale. This chart comes last and has the epoch axis. */
  readonly log?: boolean;
}

/** A stretch of consecutive epochs of one phase, by their numbers over the whole run. */
interface Span {
  readonly phase: string;
  readonly first: number;
  readonly last: number;
}

const width = 760;
const margin = { left: 58, right: 20 };
const centredLabel = { textAnchor: "middle", fontSize: 11, fill: palette.muted };
const looks: Record<Measure, { readonly stroke: string; readonly dash?: string }> = {
  trainLoss: { stroke: palette.vermilion, dash: "5 3" },
  trainAccuracy: { stroke: palette.vermilion, dash: "5 3" },
  validationLoss: { stroke: palette.blue },
  validationAccuracy: { stroke: palette.blue },
  learningRate: { stroke: palette.muted },
};

/** Returns an SVG of three charts over the epochs, in the given order. Rules separate the phases, which are named at the top. */
export function curvesSvg(records: readonly ChartedEpoch[]): string {
  const spans = spansOf(records);
  const series = (measure: Measure): Series => ({
    measure,
    points: records.map((record, i) => ({
      x: i + 1,
      y: finite(record[measure]),
      phase: spans.findIndex(({ last }) => i < last),
    })),
  });
  const charts: readonly Chart[] = [
    { title: "Loss", height: 180, series: [series("trainLoss"), series("validationLoss")] },
    {
      title: "Accuracy",
      height: 180,
      series: [series("trainAccuracy"), series("validationAccuracy")],
      percent: true,
    },
    { title: "Learning rate", height: 130, series: [series("learningRate")], log: true },
  ];
  const parts = [...legend(), ...phaseNames(spans, records.length)];
  let y = 24;
  for (const chart of charts) {
    parts.push(text(margin.left, y, chart.title, { fontWeight: "bold", fontSize: 13 }));
    // Leaves room for the names of the phases below the first title.
    y += chart === charts[0] ? 26 : 6;
    parts.push(placed(plot(chart, spans), 0, y));
    y += chart.height + 22;
  }
  parts.push(text((margin.left + width - margin.right) / 2, y - 12, "epoch", centredLabel));
  return svgPage(width, y + 2, "Loss, accuracy and learning rate by epoch", parts);
}

/** One chart as the text of an `<svg>` element, without its title. */
function plot({ series, height, percent = false, log = false }: Chart, spans: readonly Span[]): string {
  const count = spans.at(-1)?.last ?? 0;
  const values = series.flatMap(({ points }) => points.map(({ y }) => y));
  const known = values.filter((y) => (log ? y > 0 : Number.isFinite(y)));
  const boundaries = spans.slice(1).map(({ first }) => first - 0.5);
  const powers = log && known.length > 0 ? decades(known) : [];
  const floor = log ? (powers[0] ?? 0) * 0.999 : Number.NEGATIVE_INFINITY;
  const marks: Plot.Markish[] = [
    Plot.ruleX(boundaries, { stroke: palette.muted, strokeWidth: 1, strokeOpacity: 0.6 }),
  ];
  if (log) marks.push(Plot.axisX({ ticks: epochTicks(count), tickFormat: String, tickSize: 4, label: null }));
  if (known.length === 0) {
    marks.push(Plot.text(["not recorded"], { frameAnchor: "middle", fill: palette.muted }));
  } else {
    const ticks = log ? powers : 5;
    const tickFormat = log ? (rate: number) => rate.toExponential(0) : percent ? "%" : undefined;
    marks.push(
      Plot.gridY({ ticks, stroke: palette.line, strokeOpacity: 1 }),
      Plot.axisY({ ticks, tickSize: 0, label: null, ...(tickFormat === undefined ? {} : { tickFormat }) }),
    );
  }
  for (const { measure, points } of series) {
    const { stroke, dash } = looks[measure];
    const drawn = points.map((point) => (point.y >= floor ? point : { ...point, y: Number.NaN }));
    // A schedule restarts with each phase; the model does not.
    const channels = measure === "learningRate" ? { x: "x", y: "y", z: "phase" } : { x: "x", y: "y" };
    const dashed = dash === undefined ? {} : { strokeDasharray: dash };
    marks.push(Plot.line(drawn, { ...channels, ...dashed, stroke, strokeWidth: 1.75 }));
    // A dot also shows a value between two gaps, where there is no line.
    marks.push(Plot.dot(drawn, { ...channels, fill: stroke, r: count <= 40 ? 2.25 : 0.875 }));
  }
  if (percent) marks.push(...bestMarks(series, count));

  const scale =
    known.length === 0
      ? { domain: [0, 1] }
      : log
        ? { type: "log" as const, domain: [powers[0], powers.at(-1)] }
        : { nice: true };
  return plotSvg({
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: 8,
    marginBottom: log ? 24 : 8,
    x: { type: "linear", domain: [0.5, Math.max(1, count) + 0.5], axis: null },
    y: { ...scale, axis: null, insetTop: percent ? 12 : 0 },
    marks,
  });
}

/** Marks the highest point of the last series with a ring and its value, on the side away from the other series. */
function bestMarks(series: readonly Series[], count: number): Plot.Markish[] {
  const points = series.at(-1)?.points ?? [];
  const top = points.reduce<Point | undefined>(
    (best, point) => (point.y > (best?.y ?? Number.NEGATIVE_INFINITY) ? point : best),
    undefined,
  );
  if (!top) return [];
  const other = series[0]?.points.find(({ x }) => x === top.x)?.y ?? Number.NaN;
  const share = (top.x - 0.5) / count;
  return [
    Plot.dot([top], { x: "x", y: "y", r: 5, stroke: palette.blue, strokeWidth: 1.75 }),
    Plot.text([top], {
      x: "x",
      y: "y",
      text: [`best ${(top.y * 100).toFixed(1)}%`],
      dy: other > top.y ? 15 : -13,
      textAnchor: share > 0.92 ? "end" : share < 0.08 ? "start" : "middle",
      fill: palette.blue,
      stroke: palette.paper,
      strokeWidth: 4,
      fontWeight: "bold",
    }),
  ];
}

/** Draws the legend next to the first title, because a phone shows only the left part of a chart. */
function legend(): string[] {
  const entry = (x: number, name: string, measure: Measure): string[] => {
    const { stroke, dash } = looks[measure];
    return [
      path(`M${x},20h26`, {
        stroke,
        strokeWidth: 2,
        ...(dash === undefined ? {} : { strokeDasharray: dash }),
      }),
      text(x + 32, 24, name),
    ];
  };
  return [
    ...entry(margin.left + 60, "training", "trainLoss"),
    ...entry(margin.left + 158, "validation", "validationLoss"),
  ];
}

/** Draws each phase's name, centred over its epochs and shortened to fit. */
function phaseNames(spans: readonly Span[], count: number): string[] {
  const perEpoch = (width - margin.left - margin.right) / Math.max(1, count);
  return spans.map(({ phase, first, last }) => {
    const room = (last - first + 1) * perEpoch - 6;
    const x = margin.left + ((first + last) / 2 - 0.5) * perEpoch;
    const name = widthOf(phase, 11) <= room || room > 40 ? fitText(phase, room, 11) : "";
    return text(x, 48, name, centredLabel);
  });
}

/** Groups consecutive records of the same phase. */
function spansOf(records: readonly ChartedEpoch[]): Span[] {
  const spans: Span[] = [];
  for (const [i, { phase }] of records.entries()) {
    const open = spans.at(-1);
    if (open?.phase === phase) spans[spans.length - 1] = { ...open, last: i + 1 };
    else spans.push({ phase, first: i + 1, last: i + 1 });
  }
  return spans;
}

/** Returns at most about twelve whole epochs, with a round step. */
function epochTicks(count: number): number[] {
  const step =
    [1, 2, 5, 10, 20, 50, 100].find((candidate) => count / candidate <= 12) ?? Math.ceil(count / 12);
  return Array.from({ length: Math.floor(count / step) }, (_, i) => (i + 1) * step);
}

/** Returns two to five powers of ten around the values, lowest first; a rate near zero runs off the chart. */
function decades(values: readonly number[]): number[] {
  // The small number keeps 0.001 plus a rounding error from adding a decade.
  const high = Math.ceil(Math.log10(Math.max(...values)) - 1e-9);
  const lowest = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const low = Math.max(high - 4, Math.min(high - 1, lowest));
  return Array.from({ length: high - low + 1 }, (_, i) => Number(`1e${low + i}`));
}

function finite(value: number | null | undefined): number {
  return value != null && Number.isFinite(value) ? value : Number.NaN;
}
