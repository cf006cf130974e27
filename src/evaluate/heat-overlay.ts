/** Overlays heat maps on images with a perceptually uniform colour map. */

import type { Picture } from "../data/dataset.ts";
import type { Explanation } from "./explain.ts";

/** Opacity of the strongest colour. */
const OPACITY = 0.75;

/**
 * Returns the colour of `t` in [0, 1] as sRGB bytes: dark violet, red, yellow. Lightness in OKLab (Ottosson 2020) rises
 * linearly, so equal steps of a map look equal even without colour vision. The hue turns at a constant rate, and the
 * chroma stays within the sRGB gamut.
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

/** Converts OKLab lightness, chroma and hue to linear sRGB, with the matrices of OKLab's author. */
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

/** Returns the image with the map on top, always in RGB. Where the map is 0 the image is unchanged. */
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
