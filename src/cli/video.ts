/** What `predict` does with a video: a timeline of its faces as text, and as a chart. */

import { existsSync } from "node:fs";
import { encodeJsonLine } from "../formats/json-lines.ts";
import type { Model } from "../predict/model.node.ts";
import { labelOf } from "../predict/prediction.ts";
import { shareCells, timelineHead, timelineRow } from "../predict/timeline-rows.ts";
import type { TrackedFace } from "../predict/tracking.ts";
import { predictVideo, type VideoFrame } from "../predict/video.node.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { liveLine, result, resultAsIs, say } from "./output.ts";
import { formOfFile } from "./results-file.ts";

export interface VideoCommandOptions {
  readonly every?: number;
  readonly smooth?: number;
  readonly threshold: number;
  readonly faces: "all" | "largest";
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly csv?: boolean;
  readonly out?: string;
  readonly chart?: string;
}

/** In seconds. */
export const usualVideo = { every: 0.5, smooth: 1 };

/** Prints or writes the timeline of one video. @returns whether a face was found. */
export async function predictOneVideo(
  model: Model,
  file: string,
  options: VideoCommandOptions,
): Promise<boolean> {
  const { every, smooth } = { ...usualVideo, ...options };
  const { out, chart } = options;
  if (every <= 0) throw new UsageError("--every must be more than 0 seconds");
  for (const path of [out, chart])
    if (path !== undefined && existsSync(path))
      throw new UsageError(`${path} exists already; give another name`);
  if (chart !== undefined && !/\.(svg|png)$/i.test(chart))
    throw new UsageError(`--chart ${chart}: its name must end in .svg or .png`);
  const format = formatOf(options);
  const lines: string[] = [];
  const print = format === table ? result : resultAsIs;
  const write = out === undefined ? print : (line: string): unknown => lines.push(line);
  const kept: VideoFrame[] = [];
  const keep = options.json || chart !== undefined;
  let faces = 0;
  for (const line of format.head(model.classes)) write(line);
  for await (const frame of predictVideo(model, file, { ...options, every, smooth, onNote: say })) {
    faces += frame.faces.length;
    if (keep) kept.push(frame);
    for (const line of format.lines(frame, model.classes)) write(line);
    liveLine(`${frame.time} s, ${faces} faces`);
  }
  if (options.json) write(JSON.stringify([whole(file, kept, options.threshold)], null, 1));
  if (out !== undefined) {
    writeFileAtomic(out, `${lines.join("\n")}\n`);
    say(`wrote ${out}`);
  }
  if (chart !== undefined) {
    const { timelineSvg } = await import("../report/timeline.ts");
    const { svgToPng } = await import("../report/raster.ts");
    const svg = timelineSvg(kept, model.classes, every);
    writeFileAtomic(chart, /\.png$/i.test(chart) ? await svgToPng(svg) : svg);
    say(`wrote ${chart}`);
  }
  return faces > 0;
}

interface VideoFormat {
  head(classes: readonly string[]): string[];
  lines(frame: VideoFrame, classes: readonly string[]): string[];
}

const csv: VideoFormat = {
  head: (classes) => [timelineHead(classes)],
  lines: ({ time, faces }, classes) => faces.map((face) => timelineRow(time, face, classes)),
};

const table: VideoFormat = {
  head: (classes) => [row("time", "face", "label", classes)],
  lines: ({ time, faces }, classes) =>
    faces.map(({ track, label, probabilities }) =>
      row(`${time} s`, String(track), label ?? "not sure", shareCells(probabilities, classes, 4)),
    ),
};

const jsonLines: VideoFormat = { head: () => [], lines: (frame) => [encodeJsonLine(frame)] };
const silent: VideoFormat = { head: () => [], lines: () => [] };

function formatOf({ json, jsonl, csv: asCsv, out }: VideoCommandOptions): VideoFormat {
  const form = out === undefined ? undefined : formOfFile(out);
  if (json) return silent;
  if (jsonl || form === "jsonl") return jsonLines;
  return asCsv || form === "csv" ? csv : table;
}

function row(time: string, face: string, label: string, cells: readonly string[]): string {
  return `${time.padStart(9)}  ${face.padStart(4)}  ${label.padEnd(10)}${cells.map((cell) => cell.padStart(10)).join("")}`;
}

/** The element of a video in `--json`: as that of a photo, one face per track with its mean over time, and the frames. */
function whole(file: string, frames: readonly VideoFrame[], threshold: number): object {
  const tracks = new Map<number, TrackedFace[]>();
  for (const face of frames.flatMap((frame) => frame.faces))
    tracks.set(face.track, [...(tracks.get(face.track) ?? []), face]);
  const faces = [...tracks.values()].map((sightings) => meanFace(sightings, threshold));
  return { file, status: faces.length > 0 ? "ok" : "no_face", faces, frames };
}

function meanFace(sightings: readonly TrackedFace[], threshold: number): TrackedFace {
  const [first] = sightings;
  if (!first) throw new VultusError("a track without faces");
  const area = ({ box }: TrackedFace): number => box.width * box.height;
  const largest = sightings.reduce((a, b) => (area(b) > area(a) ? b : a));
  const probabilities = Object.fromEntries(
    Object.keys(first.probabilities).map(
      (name) =>
        [
          name,
          sightings.reduce((sum, face) => sum + (face.probabilities[name] ?? 0), 0) / sightings.length,
        ] as const,
    ),
  );
  return { ...largest, probabilities, label: labelOf(probabilities, threshold) };
}
