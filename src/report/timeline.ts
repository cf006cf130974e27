/** Expressions of the faces in a video over time: one chart per face, one line per class. */

import * as Plot from "@observablehq/plot";
import type { TimelineFrame } from "../predict/timeline-frames.ts";
import { counted } from "../util/counted.ts";
import { placed, plotSvg } from "./plot.ts";
import { fitText, palette, path, svgPage, text, widthOf } from "./svg.ts";

/** Okabe and Ito's palette (2008), which suits any colour vision. */
const colours = ["#d55e00", "#0072b2", "#e69f00", "#66727f", "#56b4e9", "#009e73", "#cc79a7"];
const width = 760;
const margin = { left: 58, right: 20 };
const height = 120;
const step = height + 40;

/** Maximum number of faces drawn, those seen longest; a line below gives the number of the others. */
const MOST_TRACKS = 8;

/** Returns an SVG for the whole video. @param every seconds between frames; a longer gap breaks a line. */
export function timelineSvg(
  frames: readonly TimelineFrame[],
  classes: readonly string[],
  every: number,
): string {
  const tracks = new Map<number, { time: number; probabilities: Readonly<Record<string, number>> }[]>();
  for (const { time, faces } of frames) {
    for (const { track, probabilities } of faces) {
      const points = tracks.get(track) ?? [];
      points.push({ time, probabilities });
      tracks.set(track, points);
    }
  }
  const longest = [...tracks].sort(([, a], [, b]) => b.length - a.length).slice(0, MOST_TRACKS);
  const shown = longest.sort(([a], [b]) => a - b);
  const end = frames.at(-1)?.time ?? 0;
  const parts = legend(classes);
  let y = 56;
  for (const [track, points] of shown) {
    const [first, last] = [points[0]?.time ?? 0, points.at(-1)?.time ?? 0];
    parts.push(
      text(margin.left, y, `face ${track}`, { fontWeight: "bold", fontSize: 13 }),
      text(margin.left + 60, y, `${first} to ${last} s`, { fill: palette.muted, fontSize: 11 }),
      placed(chart(points, classes, end, every), 0, y + 4),
    );
    y += step;
  }
  const left = tracks.size - shown.length;
  if (tracks.size === 0) parts.push(text(margin.left, y, "no faces found", { fill: palette.muted }));
  if (left > 0)
    parts.push(
      text(
        margin.left,
        y,
        `and ${counted(left, "face")} that ${left === 1 ? "was" : "were"} seen for a shorter time`,
        { fill: palette.muted },
      ),
    );
  return svgPage(width, tracks.size > 0 && left <= 0 ? y - 24 : y + 20, "Expressions over time", parts);
}

function chart(
  points: readonly { readonly time: number; readonly probabilities: Readonly<Record<string, number>> }[],
  classes: readonly string[],
  end: number,
  every: number,
): string {
  const lines = classes.map((name, i) => {
    const series = points.flatMap(({ time, probabilities }, k) => {
      const pause = k > 0 && time - (points[k - 1]?.time ?? 0) > 1.5 * every;
      const point = { time, share: probabilities[name] ?? 0 };
      return pause ? [{ time, share: Number.NaN }, point] : [point];
    });
    return [
      Plot.line(series, { x: "time", y: "share", stroke: colourOf(i), strokeWidth: 1.75 }),
      Plot.dot(series, { x: "time", y: "share", fill: colourOf(i), r: points.length <= 60 ? 2 : 0.9 }),
    ];
  });
  return plotSvg({
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: 8,
    marginBottom: 24,
    x: { domain: [0, Math.max(every, end)], axis: null },
    y: { domain: [0, 1], axis: null },
    marks: [
      Plot.gridY({ ticks: 5, stroke: palette.line, strokeOpacity: 1 }),
      Plot.axisY({ ticks: 5, tickSize: 0, label: null, tickFormat: "%" }),
      Plot.axisX({ ticks: 10, tickSize: 4, label: null, tickFormat: (time: number) => `${time} s` }),
      ...lines.flat(),
    ],
  });
}

function legend(classes: readonly string[]): string[] {
  let x = margin.left;
  return classes.flatMap((name, i) => {
    const label = fitText(name, 90);
    const parts = [path(`M${x},20h22`, { stroke: colourOf(i), strokeWidth: 3 }), text(x + 28, 24, label)];
    x += 44 + widthOf(label);
    return parts;
  });
}

function colourOf(index: number): string {
  return colours[index % colours.length] as string;
}
