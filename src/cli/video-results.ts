/** Output for the frames of a video: rows as they come, one JSON document, or a chart. None keeps all frames in memory. */

import { createReadStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { encodeJsonLine } from "../formats/json-lines.ts";
import type { Prediction } from "../predict/prediction.ts";
import { timelineFrames } from "../predict/timeline-frames.ts";
import { shareCells, timelineHead, timelineRow } from "../predict/timeline-rows.ts";
import { trackMeans } from "../predict/track-means.ts";
import type { VideoFrame } from "../predict/video.node.ts";
import { appendLine, growingFile, writeFileAtomic } from "../util/files.node.ts";
import { result, resultAsIs, say } from "./output.ts";

export interface VideoResult {
  add(frame: VideoFrame): void;
  /** Completes the output. */
  finish(): Promise<void>;
  /** Frees resources, after `finish` or instead of it. */
  discard(): void;
}

/** The lines of a frame, and the header lines above the first frame. */
export interface VideoRows {
  readonly head: readonly string[];
  lines(frame: VideoFrame): string[];
}

export function csvRows(classes: readonly string[]): VideoRows {
  return {
    head: [timelineHead(classes)],
    lines: ({ time, faces }) => faces.map((face) => timelineRow(time, face, classes)),
  };
}

export const jsonRows: VideoRows = { head: [], lines: (frame) => [encodeJsonLine(frame)] };

export function tableRows(classes: readonly string[]): VideoRows {
  const row = (time: string, face: string, label: string, cells: readonly string[]): string =>
    `${time.padStart(9)}  ${face.padStart(4)}  ${label.padEnd(10)}${cells.map((cell) => cell.padStart(10)).join("")}`;
  return {
    head: [row("time", "face", "label", classes)],
    lines: ({ time, faces }) =>
      faces.map(({ track, label, probabilities }) =>
        row(`${time} s`, String(track), label ?? "not sure", shareCells(probabilities, classes, 4)),
      ),
  };
}

/** Prints rows to standard output. @param forPeople whether a terminal may break them. */
export function printedRows({ head, lines }: VideoRows, forPeople: boolean): VideoResult {
  const print = forPeople ? result : resultAsIs;
  for (const line of head) print(line);
  return {
    add: (frame) => lines(frame).forEach(print),
    finish: () => Promise.resolve(),
    discard() {},
  };
}

/** Writes rows to a file that appears once it is complete. */
export function writtenRows({ head, lines }: VideoRows, path: string): VideoResult {
  const file = growingFile(path);
  const write = (rows: readonly string[]): void => file.append(rows.map((row) => `${row}\n`).join(""));
  write(head);
  return {
    add: (frame) => write(lines(frame)),
    async finish() {
      file.finish();
      say(`wrote ${path}`);
    },
    discard: file.discard,
  };
}

/**
 * Prints the single element of `--json`: as for a photo, one face per track with its mean over time, then the frames, one per
 * line. Since the faces come before the frames, the frames wait in a temporary file.
 */
export function printedJson(file: string, threshold: number, prior: Prediction["prior"]): VideoResult {
  const folder = mkdtempSync(join(tmpdir(), "vultus-frames-"));
  const waiting = join(folder, "frames.jsonl");
  const means = trackMeans(threshold);
  return {
    add(frame) {
      means.add(frame.faces);
      appendLine(waiting, JSON.stringify(frame));
    },
    async finish() {
      const faces = means.faces();
      const head = JSON.stringify({
        file,
        status: faces.length > 0 ? "ok" : "no_face",
        ...(prior && { prior }),
        faces,
      });
      resultAsIs(`[\n ${head.slice(0, -1)},"frames":[`);
      let before: string | undefined;
      if (existsSync(waiting))
        for await (const line of createInterface({ input: createReadStream(waiting) })) {
          if (before !== undefined) resultAsIs(`  ${before},`);
          before = line;
        }
      if (before !== undefined) resultAsIs(`  ${before}`);
      resultAsIs(" ]}\n]");
    },
    discard: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Draws a chart of all faces over time, as SVG or PNG depending on its name. @param every seconds between frames. */
export function drawnChart(path: string, classes: readonly string[], every: number): VideoResult {
  const kept = timelineFrames();
  return {
    add: kept.add,
    async finish() {
      const { timelineSvg } = await import("../report/timeline.ts");
      const { svgToPng } = await import("../report/raster.ts");
      const svg = timelineSvg(kept.frames, classes, every * kept.stride);
      writeFileAtomic(path, /\.png$/i.test(path) ? await svgToPng(svg) : svg);
      say(`wrote ${path}`);
    },
    discard() {},
  };
}
