/** Heat maps as pictures: a perceptually even colour map, overlays on faces, and the pages that show them. */

import type { Picture } from "../data/dataset.ts";
import type { AverageMap } from "../evaluate/average-maps.ts";
import type { Explanation } from "../evaluate/explain.ts";
import { svgWithTiles, type Tile } from "./raster.ts";
import { fitText, palette, percent, rect, svgPage, text } from "./svg.ts";

/** How much of the picture the strongest colour hides. */
const OPACITY = 0.75;

/**
 * The colour of `t` from 0 to 1 as sRGB bytes: dark violet, red, yellow. Lightness in OKLab (Ottosson 2020) rises
 * evenly, so equal steps of a map look equal, also without colour vision; hue turns at the same pace, and chroma is
 * what sRGB can show of an arc.
 */
export function heatColour(t: number): [red: number, green: number, blue: number] {
  const share = Math.min(1, Math.max(0, t));
  const lightness = 0.2 + 0.73 * share;
  const hue = ((290 + 170 * share) * Math.PI) / 180;
  let chroma = 0.09 + 0.5 * share * (1 - share);
  let rgb = linearRgb(lightness, chroma, hue);
  while (rgb.some((value) => value < 0 || value > 1) && chroma > 0) {
    chroma = Math.max(0, chroma - 0.002);
    rgb = linearRgb(lightness, chroma, hue);
  }
  return rgb.map((value) => {
    const clipped = Math.min(1, Math.max(0, value));
    const encoded = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055;
    return Math.round(255 * encoded);
  }) as [number, number, number];
}

/** OKLab's lightness, chroma and hue to linear sRGB, by the matrices of its author. */
function linearRgb(lightness: number, chroma: number, hue: number): number[] {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const [l, m, s] = [
    (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ];
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The picture with the map over it: where the map is 0 the picture shows as it is. Always RGB. */
export function heatOverlay({ map, size, seen }: Pick<Explanation, "map" | "size" | "seen">): Picture {
  const pixels = new Uint8Array(size * size * 3);
  for (const [i, value] of map.entries()) {
    const colour = heatColour(value);
    const opacity = OPACITY * Math.sqrt(value);
    for (let c = 0; c < 3; c++) {
      const own = seen.pixels[seen.channels === 1 ? i : 3 * i + c] as number;
      pixels[3 * i + c] = Math.round(own + opacity * ((colour[c] as number) - own));
    }
  }
  return { pixels, width: size, height: size, channels: 3 };
}

const tile = 224;
const gap = 14;
const margin = 20;
const bar = 10;

/** One picture: as the network saw it, and with the map over it; label and probability under them. */
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
      : `${method} of ${name(target)}, which it did not choose`;
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

/** One face per class: the mean of the faces under the mean of the maps. */
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

/** What the colours mean, from the top at y downwards. */
function scale(x: number, y: number, height = tile): string[] {
  const steps = 48;
  const step = height / steps;
  const bands = Array.from({ length: steps }, (_, i) =>
    // A little too high each, so that no seam shows.
    rect(x, y + i * step, bar, step + 0.6, { fill: `rgb(${heatColour(1 - (i + 0.5) / steps).join(",")})` }),
  );
  const muted = { fill: palette.muted, fontSize: 11 };
  return [
    ...bands,
    text(x + bar + 6, y + 9, "counts most", muted),
    text(x + bar + 6, y + height, "not at all", muted),
  ];
}
