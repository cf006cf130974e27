/** Robustness as a chart: one row per corruption, one cell per severity, redder the more accuracy is lost. */

import { join } from "node:path";
import { SEVERITIES } from "../evaluate/corruptions/corruption.ts";
import type { CorruptionResult, Robustness } from "../evaluate/robustness.node.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { makeOwnFolder } from "../util/own-folder.node.ts";
import { svgToPng } from "./raster.ts";
import { palette, percent, rect, svgPage, text, widthOf } from "./svg.ts";

const cell = { width: 58, height: 26 };
const groupHeight = 34;
const bar = 120;
const margin = 20;
const top = 74;

/** Draws accuracies in cells, and on the right the mean loss as a share of the clean accuracy. */
export function robustnessSvg(robustness: Robustness): string {
  const { n, clean, meanRelativeDrop, groups, corruptions } = robustness;
  const names = Math.max(...corruptions.map(({ title }) => widthOf(title)), 150);
  const left = margin + names + 12;
  const bars = left + SEVERITIES * cell.width + 18;
  const width = Math.ceil(bars + bar + 56 + margin);
  const muted = { fill: palette.muted, fontSize: 11 };
  const centred = { ...muted, textAnchor: "middle" };
  const parts = [
    text(margin, margin + 8, "Accuracy on corrupted images", { fontSize: 15, fontWeight: "bold" }),
    text(
      margin,
      margin + 26,
      `${percent(clean)} of ${n.toLocaleString("en-US")} clean images right; corruption ${meanRelativeDrop < 0 ? "adds" : "costs"} ${percent(Math.abs(meanRelativeDrop))} of that on average`,
      muted,
    ),
    text(left + (SEVERITIES * cell.width) / 2, top - 14, "severity", centred),
    text(bars, top - 14, "mean relative loss", muted),
    ...Array.from({ length: SEVERITIES }, (_, i) =>
      text(left + (i + 0.5) * cell.width, top + 2, `${i + 1}`, centred),
    ),
  ];
  let y = top;
  for (const { group, relativeDrop } of groups) {
    const strong = { fontSize: 13, fontWeight: "bold" };
    parts.push(
      text(margin, y + groupHeight - 9, group, strong),
      ...lossBar(bars, y + groupHeight - 20, relativeDrop, true),
    );
    y += groupHeight;
    for (const result of corruptions.filter((one) => one.group === group)) {
      parts.push(...row(result, clean, { left, bars, y }));
      y += cell.height;
    }
  }
  const byGroup = groups.map((one) => `${one.group} ${percent(one.relativeDrop)}`).join(", ");
  const title = `Accuracy on corrupted images; mean loss by kind: ${byGroup}`;
  return svgPage(width, y + margin, title, parts);
}

/** Writes robustness.json, robustness.svg and robustness.png; returns their paths. */
export async function writeRobustness(folder: string, robustness: Robustness): Promise<string[]> {
  makeOwnFolder(folder);
  const svg = robustnessSvg(robustness);
  const files: [string, string | Uint8Array][] = [
    ["robustness.json", `${JSON.stringify(robustness, null, 2)}\n`],
    ["robustness.svg", svg],
    ["robustness.png", await svgToPng(svg)],
  ];
  return files.map(([name, data]) => {
    const path = join(folder, name);
    writeFileAtomic(path, data);
    return path;
  });
}

interface Place {
  readonly left: number;
  readonly bars: number;
  readonly y: number;
}

function row(
  { title, accuracy, relativeDrop }: CorruptionResult,
  clean: number,
  { left, bars, y }: Place,
): string[] {
  const base = y + cell.height / 2 + 4;
  const cells = accuracy.flatMap((value, i) => {
    const lost = clean > 0 ? Math.min(1, Math.max(0, (clean - value) / clean)) : 0;
    const x = left + i * cell.width;
    return [
      rect(x + 1, y + 1, cell.width - 2, cell.height - 2, { fill: shade(lost), rx: 3 }),
      text(x + cell.width / 2, base, percent(value), {
        textAnchor: "middle",
        fill: lost > 0.55 ? palette.paper : palette.ink,
      }),
    ];
  });
  return [
    text(left - 12, base, title, { textAnchor: "end" }),
    ...cells,
    ...lossBar(bars, y + 6, relativeDrop, false),
  ];
}

/** Draws a loss from none to all of the accuracy as a bar; a gain has no bar. */
function lossBar(x: number, y: number, drop: number, strong: boolean): string[] {
  const length = Math.max(1, Math.min(1, drop) * bar);
  const colour = strong ? palette.ink : palette.muted;
  return [
    rect(x, y, length, 14, { fill: colour, fillOpacity: strong ? 0.85 : 0.45, rx: 2 }),
    text(x + length + 6, y + 11, drop < 0 ? `${percent(-drop)} gained` : percent(drop), {
      fontSize: 11,
      fill: colour,
      fontWeight: strong ? "bold" : "normal",
    }),
  ];
}

/** Returns a colour from nearly white to deep vermilion. */
function shade(lost: number): string {
  const t = lost ** 0.8;
  const mix = (light: number, dark: number): number => Math.round(light + t * (dark - light));
  return `rgb(${mix(247, 176)},${mix(247, 58)},${mix(248, 6)})`;
}
