/** Frames of a video through an installed ffmpeg: any codec and depth, HDR as SDR, upright, with square pixels, in their own size. */

import { type ChildProcess, spawn } from "node:child_process";
import { endianness } from "node:os";
import { createInterface } from "node:readline";
import type { Picture } from "../data/dataset.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { byteReader } from "./byte-reader.ts";
import { type Transfer, toneMapper } from "./tone-map.ts";
import { checkVideoFile } from "./video-file.node.ts";

/** What is known of a video before its frames are read. */
export interface VideoFacts {
  /** In seconds; undefined where the file does not hold it, as recordings of browsers. */
  readonly duration: number | undefined;
  readonly transfer: Transfer;
  /** Whether its frames are made of two fields of different times. */
  readonly isInterlaced: boolean;
  /** The number of the stream that is read: the largest one that is no cover image. */
  readonly stream: number;
  /** Of ffmpeg itself; that of a development build counts as the newest. */
  readonly version: readonly [major: number, minor: number];
}

export interface TimedPicture {
  readonly picture: Picture;
  /** In seconds from the beginning of the file: the multiple of `every` at or before the frame. */
  readonly time: number;
}

export interface FrameOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Seconds between two frames. */
  readonly every: number;
  /** Hears what a person should know: that the video is damaged or cut off. */
  readonly onNote: (text: string) => void;
  /** Ends ffmpeg, and with it the frames, also where it has stalled. */
  readonly signal?: AbortSignal | undefined;
}

/** The first version that can leave frames of several sizes as they are (`-noautoscale`). */
const OLDEST: VideoFacts["version"] = [4, 4];

/** A frame counts for a time that it misses by as little, in shares of the time between two frames. */
const TOLERANCE = 1e-3;

/** A shape of pixels that is less square than this, either way, is an error of the file: they are taken for square. */
const MOST_SQUEEZED = 4;

/** Seconds after which frames that ffmpeg wrote without a line about them are an error. */
const LOST_AFTER = 30;

/**
 * Asks ffmpeg about a file.
 *
 * @returns undefined where `stop` ended it.
 * @throws UsageError where ffmpeg is missing or too old, or the file is missing or none; VultusError where the file has no video.
 */
export async function probeVideo(file: string, name: string): Promise<VideoFacts>;
export async function probeVideo(
  file: string,
  name: string,
  stop: AbortSignal | undefined,
): Promise<VideoFacts | undefined>;
export async function probeVideo(
  file: string,
  name: string,
  stop?: AbortSignal,
): Promise<VideoFacts | undefined> {
  checkVideoFile(file, name);
  // Without an output ffmpeg describes its input and ends.
  const child = spawn("ffmpeg", ["-nostdin", "-v", "level+info", "-i", inputOf(file)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = endOf(child, stop);
  ended.catch(() => {});
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stderr }))
    if (lines.length < 5000) lines.push(line);
  const { signal } = await ended;
  if (stop?.aborted) return undefined;
  if (signal) throw new VultusError(`${name}: ffmpeg crashed on it (${signal}); another version may read it`);
  const version = versionOf(lines);
  if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1]))
    throw new UsageError(
      `videos are read by ffmpeg ${OLDEST.join(".")} or newer; version ${version.join(".")} is installed`,
    );
  const stream = streamOf(lines);
  if (!stream) {
    throw new VultusError(`${name}: ${withoutVideo(lines, inputOf(file))}`);
  }
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):(\d+(?:\.\d+)?)/.exec(lines.join("\n")) ?? [];
  const duration =
    hours === undefined ? undefined : 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds);
  return { duration, version, ...stream };
}

/**
 * Frames at multiples of `every` seconds: at each the first that begins then or later. A frame that lasts longer is given once.
 *
 * @throws VultusError where there is none, unless `signal` ended it.
 */
export async function* videoFrames(
  file: string,
  facts: Omit<VideoFacts, "duration">,
  { name, every, onNote, signal: stop }: FrameOptions,
): AsyncGenerator<TimedPicture> {
  const child = spawn("ffmpeg", argumentsFor(file, facts, every), { stdio: ["ignore", "pipe", "pipe"] });
  const ended = endOf(child, stop);
  ended.catch(() => {});
  const log = logOf(child.stderr, () => child.stdout.readableLength > 0);
  const stdout = byteReader(child.stdout);
  const read = pictureReader(facts.transfer);
  let last = -1;
  let isCut = false;
  try {
    for await (const { width, height, time } of log.frames()) {
      const bytes = await stdout.read(read.bytesPerPixel * width * height);
      if (!bytes) {
        isCut = true;
        break;
      }
      // Filters begin anew where the size changes, and may choose a frame of a time that another was given for.
      const slot = Math.max(0, Math.floor(time / every + TOLERANCE));
      if (slot <= last) continue;
      last = slot;
      yield {
        picture: { ...read.picture(bytes), width, height },
        time: Math.round(1000 * every * slot) / 1000,
      };
    }
    const { code, signal } = await ended;
    if (stop?.aborted) return;
    const reason = signal ? `ffmpeg crashed on it (${signal})` : log.firstError();
    if (last < 0) throw new VultusError(`${name}: ffmpeg finds no frame in it${reason && `: ${reason}`}`);
    if (isCut) onNote(`${name} breaks off within a frame`);
    else if (code !== 0 || reason)
      onNote(`${name} is damaged, its frames up to there are used: ${reason || `ffmpeg ended with ${code}`}`);
  } finally {
    // Since version 7 it ignores SIGTERM while it waits for a reader.
    child.kill("SIGKILL");
  }
}

function argumentsFor(
  file: string,
  { transfer, isInterlaced, stream, version }: Omit<VideoFacts, "duration">,
  every: number,
): string[] {
  const slot = (time: string): string => `floor(${time}/${every}+${TOLERANCE})`;
  const shape = `if(between(sar,1/${MOST_SQUEEZED},${MOST_SQUEEZED}),sar,1)`;
  const filters = [
    `select='if(isnan(prev_selected_t),1,gt(${slot("t")},${slot("prev_selected_t")}))'`,
    ...(isInterlaced ? ["yadif=deint=interlaced"] : []),
    // Neither direction loses pixels, and a change of the pixels' shape alone is noticed.
    `scale=w='round(iw*max(${shape},1))':h='round(ih/min(${shape},1))':eval=frame`,
    `format=${transfer === "sdr" ? "rgb24" : `rgb48${endianness().toLowerCase()}`}`,
    "showinfo=checksum=0",
  ];
  const [major, minor] = version;
  const passThrough = major > 5 || (major === 5 && minor >= 1) ? "-fps_mode" : "-vsync";
  return [
    ...["-nostdin", "-nostats", "-v", "level+info", "-i", inputOf(file), "-map", `0:${stream}`],
    ...["-vf", filters.join(","), "-noautoscale", passThrough, "passthrough"],
    ...["-c:v", "rawvideo", "-f", "rawvideo", "pipe:1"],
  ];
}

/** A name with a colon would be taken for an address. */
function inputOf(file: string): string {
  return `file:${file}`;
}

/** How it ended: an exit code, or the signal that ended it. @throws UsageError where ffmpeg is not installed. */
function endOf(
  child: ChildProcess,
  stop: AbortSignal | undefined,
): Promise<{ code: number | null; signal: string | null }> {
  const kill = (): void => void child.kill("SIGKILL");
  if (stop?.aborted) kill();
  stop?.addEventListener("abort", kill);
  return new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code !== "ENOENT"
          ? error
          : new UsageError(
              "videos are read by ffmpeg, which is not installed; install it (for example `apt-get install ffmpeg`) and try again",
            ),
      ),
    );
    child.on("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => stop?.removeEventListener("abort", kill));
}

function versionOf(lines: readonly string[]): VideoFacts["version"] {
  const [, major, minor] = /ffmpeg version n?(\d+)\.(\d+)/.exec(lines.join("\n")) ?? [];
  return major === undefined ? [Number.POSITIVE_INFINITY, 0] : [Number(major), Number(minor)];
}

function streamOf(lines: readonly string[]): Omit<VideoFacts, "duration" | "version"> | undefined {
  let chosen: Omit<VideoFacts, "duration" | "version"> | undefined;
  let largest = -1;
  for (const line of lines) {
    const [, number] = /Stream #0:(\d+).*?: Video: /.exec(line) ?? [];
    if (number === undefined || line.includes("(attached pic)")) continue;
    const [, width, height] = /, (\d+)x(\d+)/.exec(line) ?? [];
    const pixels = Number(width ?? 0) * Number(height ?? 0);
    if (pixels <= largest) continue;
    largest = pixels;
    const transfer = line.includes("smpte2084") ? "pq" : line.includes("arib-std-b67") ? "hlg" : "sdr";
    chosen = { stream: Number(number), transfer, isInterlaced: /(top|bottom) (coded )?first/.test(line) };
  }
  return chosen;
}

/** Why a file has no frames. The first error is the cause, the last that nothing came of it. */
function withoutVideo(lines: readonly string[], input: string): string {
  if (lines.some((line) => /Stream #0:\d+.*: Audio: /.test(line))) return "it has sound, but no video";
  if (lines.some((line) => /\[warning\] Format .* misdetection possible/.test(line)))
    return "ffmpeg finds no frame in it: it is no video, whatever its name";
  const error = lines.find((line) => /\[(error|fatal)\]/.test(line) && !/At least one output/.test(line));
  const reason = messageIn(error ?? "").replace(`${input}: `, "");
  const cut = reason.includes("moov atom not found")
    ? "; the file is cut off: its index, which stands at the end, is missing"
    : "";
  return `ffmpeg finds no frame in it${reason && `: ${reason}${cut}`}`;
}

/** A line of ffmpeg's log without what module wrote it, and its level. */
function messageIn(line: string): string {
  return line.replace(/^(\[[^\]]*\] )*/, "");
}

interface FrameLine {
  readonly width: number;
  readonly height: number;
  /** In seconds. */
  readonly time: number;
}

/** Reads ffmpeg's log: a line for each frame, written before the frame is, and errors. @param isBehind whether there is one without. */
function logOf(stderr: NodeJS.ReadableStream, isBehind: () => boolean) {
  const waiting: FrameLine[] = [];
  let [isAtEnd, firstError, timeBase] = [false, "", 0];
  let wake = (): void => {};
  createInterface({ input: stderr })
    .on("line", (line) => {
      const [, from, to] = /config in time_base: (\d+)\/(\d+)/.exec(line) ?? [];
      if (from !== undefined) timeBase = Number(from) / Number(to);
      const frame = / n: *\d+ pts: *(-?\d+|NOPTS) .* s:(\d+)x(\d+) /.exec(line);
      if (frame) {
        const [, pts, width, height] = frame;
        waiting.push({ width: Number(width), height: Number(height), time: Number(pts) * timeBase || 0 });
      } else if (/\[(error|fatal)\]/.test(line)) firstError ||= messageIn(line);
      wake();
    })
    .on("close", () => {
      isAtEnd = true;
      wake();
    });
  return {
    /** The cause; those after it are what follows from it. */
    firstError: () => firstError,
    async *frames(): AsyncGenerator<FrameLine> {
      for (;;) {
        const line = waiting.shift();
        if (line) yield line;
        else if (isAtEnd) return;
        else {
          const isLate = await new Promise<boolean>((resolve) => {
            const timer = setTimeout(() => resolve(true), 1000 * LOST_AFTER);
            wake = () => {
              clearTimeout(timer);
              resolve(false);
            };
          });
          if (isLate && isBehind())
            throw new VultusError("this version of ffmpeg describes frames in a way that is not understood");
        }
      }
    },
  };
}

/** How bytes of ffmpeg become pixels. */
function pictureReader(transfer: Transfer) {
  if (transfer === "sdr")
    return { bytesPerPixel: 3, picture: (pixels: Uint8Array) => ({ pixels, channels: 3 as const }) };
  const map = toneMapper(transfer);
  return {
    bytesPerPixel: 6,
    picture: (bytes: Uint8Array) => ({
      pixels: map(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2)),
      channels: 3 as const,
    }),
  };
}
