/** `predict` for a video: a timeline of its faces as text, and as a chart. */

import { createWriteStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Model } from "../predict/model.node.ts";
import { predictVideo } from "../predict/video.node.ts";
import { statedPrior } from "../program/bundle-prior.ts";
import { counted } from "../util/counted.ts";
import { UsageError } from "../util/errors.ts";
import { untilInterrupted } from "./interrupts.ts";
import { duration, liveLine, say } from "./output.ts";
import { formOfFile } from "./results-file.ts";
import {
  csvRows,
  drawnChart,
  jsonRows,
  printedJson,
  printedRows,
  tableRows,
  type VideoResult,
  writtenRows,
} from "./video-results.ts";

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

/**
 * Prints or writes the timeline of one video. Ctrl-C stops after the current frame, and the results so far are written.
 *
 * @param name file name used in messages and results.
 * @returns whether a face was found.
 */
export async function predictOneVideo(
  model: Model,
  file: string,
  options: VideoCommandOptions,
  name = file,
): Promise<boolean> {
  const { every, smooth } = { ...usualVideo, ...options };
  // Times are rounded to milliseconds.
  if (every < 0.001) throw new UsageError(`--every is ${1000 * every}ms; it must be at least 1ms`);
  checkFiles(options);
  const results: VideoResult[] = [];
  let length: number | undefined;
  let faces = 0;
  try {
    await untilInterrupted(async (signal) => {
      const onNote = (text: string): void => {
        if (!signal.aborted) say(text);
      };
      const onDuration = (seconds: number): void => void (length = seconds);
      const asked = { ...options, every, smooth, name, onNote, onDuration, signal };
      let time = 0;
      const frames = predictVideo(model, file, asked);
      for await (const frame of frames) {
        if (results.length === 0) results.push(...resultsFor(model, options, every, name));
        for (const one of results) one.add(frame);
        time = frame.time;
        faces = frame.faces.reduce((most, { track }) => Math.max(most, track), faces);
        liveLine(progressOf(frame.time, length, faces));
        if (signal.aborted) break;
      }
      if (signal.aborted) say(`stopped at ${duration(time)}`);
    }, "frame");
    for (const one of results) await one.finish();
  } finally {
    for (const one of results) one.discard();
  }
  if (faces === 0) say(`no faces found in ${name === "-" ? "standard input" : name}`);
  return faces > 0;
}

/** Formats progress as `12 min 05 s of 1 h 00 min (20 %), 3 faces`; times in seconds. */
export function progressOf(time: number, length: number | undefined, faces: number): string {
  const share =
    length === undefined || length <= 0
      ? ""
      : ` of ${duration(length)} (${Math.min(100, Math.floor((100 * time) / length))} %)`;
  return `${duration(time)}${share}, ${counted(faces, "face")}`;
}

/** @throws UsageError for files that already exist, and for a chart of an unknown format. */
function checkFiles({ out, chart }: VideoCommandOptions): void {
  for (const path of [out, chart])
    if (path !== undefined && existsSync(path))
      throw new UsageError(`${path} already exists; give another name`);
  if (chart !== undefined && !/\.(svg|png)$/i.test(chart))
    throw new UsageError(`--chart ${chart}: its name must end in .svg or .png`);
}

function resultsFor(
  { classes, bundle }: Model,
  { json, jsonl, csv, out, chart, threshold }: VideoCommandOptions,
  every: number,
  name: string,
): VideoResult[] {
  const form = out === undefined ? undefined : formOfFile(out);
  const rows = jsonl || form === "jsonl" ? jsonRows : csv || form ? csvRows(classes) : tableRows(classes);
  const text = json
    ? printedJson(name, threshold, statedPrior(bundle))
    : out === undefined
      ? printedRows(rows, !jsonl && !csv)
      : writtenRows(rows, out);
  return chart === undefined ? [text] : [text, drawnChart(chart, classes, every)];
}

/** Runs `work` on a temporary file with the bytes, since ffmpeg must be able to seek in most video formats. */
export async function inTemporaryFile<R>(
  bytes: AsyncIterable<Uint8Array>,
  work: (path: string) => Promise<R>,
): Promise<R> {
  const folder = mkdtempSync(join(tmpdir(), "vultus-video-"));
  try {
    const path = join(folder, "video");
    await pipeline(bytes, createWriteStream(path));
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
