/** Explanations as images: faces with their heat maps, and a colour scale. */

import type { AverageMap } from "../evaluate/average-maps.ts";
import type { Explanation } from "../evaluate/explain.ts";
import { heatColour, heatOverlay } from "../evaluate/heat-overlay.ts";
import { svgWithTiles, type Tile } from "./raster.ts";
import { fitText, palette, percent, rect, svgPage, text } from "./svg.ts";

const tile = 224;
const gap = 14;
const margin = 20;
const bar = 10;

/** Draws one image as the network saw it, and again with the map over it, with label and probability below. */
export function explanationPng(
  explanation: Explanation,
  {
    classes,
    file,
    method,
  }: { readonly classes: readonly string[]; readonly file: string; readonly method: string },
): Promise<Buffer> {
  const { target, predicted, probabilities, seen } = explanation;
  const name = (k: number): string => `${classes[k]} ${percent(probabilities[k] as number)}`;
  const width = 2 * margin + 2 * tile + gap + 90;
  const base = margin + tile + 24;
  const explained =
    target === predicted
      ? `${method} of ${classes[target]}`
      : `${method} of ${name(target)}, which it did not predict`;
  const muted = { fill: palette.muted, fontSize: 11 };
  const parts = [
    text(margin, base, name(predicted), { fontWeight: "bold", fontSize: 15 }),
    text(margin, base + 18, fitText(file, tile, 11), muted),
    text(margin + tile + gap, base, "where it looked", { fontSize: 13 }),
    text(margin + tile + gap, base + 18, fitText(explained, tile + 90, 11), muted),
    ...scale(margin + 2 * tile + 2 * gap, margin),
  ];
  const tiles: Tile[] = [
    { picture: seen, x: margin, y: margin },
    { picture: heatOverlay(explanation), x: margin + tile + gap, y: margin },
  ];
  const page = svgPage(width, base + 18 + margin, `Where the model looked: ${name(predicted)}`, parts);
  return svgWithTiles(page, tiles, tile, 2);
}

/** Draws one face per class: the mean face with the mean map over it. */
export function averageMapsPng(
  averages: readonly (AverageMap | undefined)[],
  classes: readonly string[],
  method: string,
): Promise<Buffer> {
  const shown = averages.flatMap((average, k) => (average ? [{ average, name: classes[k] as string }] : []));
  const side = 132;
  const parts: string[] = [];
  const tiles = shown.map(({ average, name }, i): Tile => {
    const x = margin + i * (side + gap);
    parts.push(
      text(x, margin + side + 20, fitText(name, side, 13), { fontWeight: "bold", fontSize: 13 }),
      text(x, margin + side + 37, `mean of ${average.count}`, { fill: palette.muted, fontSize: 11 }),
    );
    return { picture: heatOverlay(average), x, y: margin };
  });
  const right = margin + shown.length * (side + gap);
  parts.push(...scale(right, margin, side));
  const title = `Mean ${method} map of each class, over its mean face`;
  return svgWithTiles(svgPage(right + 94, margin + side + 37 + margin, title, parts), tiles, side, 2);
}

/** Draws the colour scale, from y downwards. */
function scale(x: number, y: number, height = tile): string[] {
  const steps = 48;
  const step = height / steps;
  const bands = Array.from({ length: steps }, (_, i) =>
    // Slightly taller than needed, so that no seams show.
    rect(x, y + i * step, bar, step + 0.6, { fill: `rgb(${heatColour(1 - (i + 0.5) / steps).join(",")})` }),
  );
  const muted = { fill: palette.muted, fontSize: 11 };
  return [
    ...bands,
    text(x + bar + 6, y + 9, "most important", muted),
    text(x + bar + 6, y + height, "not important", muted),
  ];
}
