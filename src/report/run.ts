/** Writes the curves of a run. */

import { join } from "node:path";
import { writeFileAtomic } from "../util/files.node.ts";
import { type ChartedEpoch, curvesSvg } from "./curves.ts";
import { svgToPng } from "./raster.ts";

/** Writes curves.svg and curves.png; returns their paths. */
export async function writeCurves(folder: string, history: readonly ChartedEpoch[]): Promise<string[]> {
  const svg = curvesSvg(history);
  const [vector, raster] = [join(folder, "curves.svg"), join(folder, "curves.png")];
  writeFileAtomic(vector, svg);
  writeFileAtomic(raster, await svgToPng(svg));
  return [vector, raster];
}
