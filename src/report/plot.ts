/** Observable Plot as text, in the look that all charts here share. */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { fontFamily, palette } from "./svg.ts";

/** One chart as the text of an `<svg>` element. */
export function plotSvg(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return Plot.plot({
    document,
    style: { fontFamily, fontSize: "11px", color: palette.ink, background: "none", overflow: "visible" },
    ...options,
  }).outerHTML;
}

/** Such a chart inside a page of ours, its corner at x, y. */
export function placed(svg: string, x: number, y: number): string {
  return svg.replace("<svg ", `<svg x="${x}" y="${y}" `);
}
