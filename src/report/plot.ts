/** Observable Plot as SVG text, in the style that all charts share. */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { fontFamily, palette } from "./svg.ts";

/** Returns a chart as the text of an `<svg>` element. */
export function plotSvg(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return Plot.plot({
    document,
    style: { fontFamily, fontSize: "11px", color: palette.ink, background: "none", overflow: "visible" },
    ...options,
  }).outerHTML;
}

/** Places such a chart inside another SVG, with its corner at x, y. */
export function placed(svg: string, x: number, y: number): string {
  return svg.replace("<svg ", `<svg x="${x}" y="${y}" `);
}
