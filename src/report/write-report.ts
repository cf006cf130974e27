/** Writes the files for readers of a run folder: report.html, model-card.md, and the charts. */

import { join } from "node:path";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { baselinesSvg } from "./baselines.ts";
import { coverageSvg } from "./coverage.ts";
import { facesOf } from "./faces.ts";
import type { Section } from "./html.ts";
import { modelCardMarkdown } from "./model-card.ts";
import { svgToPng } from "./raster.ts";
import { reliabilitySvg } from "./reliability.ts";
import { reportHtml } from "./report-page.ts";
import type { RunRecord } from "./run-record.ts";
import { baselineRows } from "./sections/training.ts";

export interface ReportOptions {
  /** Where to write the report; by default in the run folder. */
  readonly out?: string;
  /** The images of the predictions, found by their ids; if left out, the report has no images. */
  readonly pixels?: Pick<PixelCache, "samples" | "get">;
  readonly notes?: readonly string[];
  readonly more?: readonly Section[];
}

/** Returns the paths of the files it wrote, the report first. */
export async function writeReport(
  folder: string,
  run: RunRecord,
  { out = join(folder, "report.html"), pixels, notes = [], more = [] }: ReportOptions = {},
): Promise<string[]> {
  const positions = new Map(pixels?.samples.map(({ id }, index) => [id, index]));
  const faces = await facesOf(run.predictions, run.evaluation?.classes ?? [], (id) => {
    const position = positions.get(id);
    return position === undefined ? undefined : pixels?.get(position);
  });
  const files: [string, string | Uint8Array][] = [
    [out, reportHtml(run, { faces, notes, more })],
    [join(folder, "model-card.md"), modelCardMarkdown(run)],
    ...(await chartFiles(folder, run)),
  ];
  return files.map(([path, content]) => {
    writeFileAtomic(path, content);
    return path;
  });
}

/** Returns the charts that only a report has, as SVG and PNG. */
async function chartFiles(folder: string, run: RunRecord): Promise<[string, string | Uint8Array][]> {
  const { evaluation } = run;
  const bins = evaluation?.calibration?.reliability;
  const steps = baselineRows(run);
  const charts: Record<string, string | undefined> = {
    reliability: bins && reliabilitySvg(bins),
    coverage:
      evaluation?.coverage && coverageSvg({ accuracy: evaluation.accuracy, points: evaluation.coverage }),
    baselines: steps.length > 0 ? baselinesSvg(steps) : undefined,
  };
  const files = Object.entries(charts).map(
    async ([name, svg]): Promise<[string, string | Uint8Array][]> =>
      svg === undefined
        ? []
        : [
            [join(folder, `${name}.svg`), svg],
            [join(folder, `${name}.png`), await svgToPng(svg)],
          ],
  );
  return (await Promise.all(files)).flat();
}
