/**
 * Reads the frames of a video with an installed ffmpeg: any codec and bit depth, HDR converted to SDR, upright, with
 * square pixels, at their own size.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { endianness } from "node:os";
import { createInterface } from "node:readline";
import type { Picture } from "../data/dataset.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { byteReader } from "./byte-reader.ts";
import { type Transfer, toneMapper } from "./tone-map.ts";
import { checkVideoFile } from "./video-file.node.ts";

/** Properties of a video, known before its frames are read. */
export interface VideoFacts {
  /** In seconds; undefined if the file does not record it, as with recordings made by browsers. */
  readonly duration: number | undefined;
  readonly transfer: Transfer;
  /** Whether each frame consists of two fields from different times. */
  readonly isInterlaced: boolean;
  /** Index of the stream to read: the largest one that is not a cover image. */
  readonly stream: number;
  /** Version of ffmpeg itself; a development build counts as the newest. */
  readonly version: readonly [major: number, minor: number];
}

export interface TimedPicture {
  readonly picture: Picture;
  /** In seconds from the beginning of the file: the multiple of `every` at or before the frame. */
  readonly time: number;
}

export interface FrameOptions {
  /** File name used in error messages. */
  readonly name: string;
  /** Seconds between frames. */
  readonly every: number;
  /** Receives notes for the user: that the video is damaged or truncated. */
  readonly onNote: (text: string) => void;
  /** Stops ffmpeg and the frames, even if ffmpeg has stalled. */
  readonly signal?: AbortSignal | undefined;
}

/** The first version that can keep frames of several sizes unscaled (`-noautoscale`). */
const OLDEST: VideoFacts["version"] = [4, 4];

/** Tolerance for assigning a frame to a time, as a share of the interval between frames. */
const TOLERANCE = 1e-3;

/**
 * A pixel aspect ratio beyond this, either way, is treated as an error in the file: the pixels are assumed to be
 * square.
 */
const MOST_SQUEEZED = 4;

/** Seconds after which it is an error if ffmpeg has written a frame without its log line. */
const LOST_AFTER = 30;

/**
 * Asks ffmpeg about a file.
 *
 * @returns undefined if `stop` ended it.
 * @throws UsageError if ffmpeg is missing or too old, or the file is missing or not a video; VultusError if the file
 * has no video stream.
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
  // Without an output, ffmpeg describes its input and exits.
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
  if (signal)
    throw new VultusError(
      `${name}: ffmpeg crashed while reading it (${signal}); another version of ffmpeg may work`,
    );
  const version = versionOf(lines);
  if (version[0] < OLDEST[0] || (version[0] === OLDEST[0] && version[1] < OLDEST[1]))
    throw new UsageError(
      `reading videos needs ffmpeg ${OLDEST.join(".")} or newer; version ${version.join(".")} is installed`,
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
 * Yields frames at multiples of `every` seconds: for each time, the first frame at or after it. A frame that lasts
 * longer is yielded once.
 *
 * @throws VultusError if there is none, unless `signal` ended it.
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
      // Filters restart when the size changes, and may then select a frame for a time that already has one.
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
    const reason = signal ? `ffmpeg crashed while reading it (${signal})` : log.firstError();
    if (last < 0) throw new VultusError(`${name}: ffmpeg finds no frame in it${reason && `: ${reason}`}`);
    if (isCut) onNote(`${name} ends in the middle of a frame`);
    else if (code !== 0 || reason)
      onNote(
        `${name} is damaged; only the frames before the damage are used: ${reason || `ffmpeg ended with ${code}`}`,
      );
  } finally {
    // From version 7 on, ffmpeg ignores SIGTERM while it waits for a reader.
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
    // Pixels are only ever stretched, never dropped, and a change of the pixel aspect ratio alone is detected.
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

/** ffmpeg would parse a name with a colon as a URL. */
function inputOf(file: string): string {
  return `file:${file}`;
}

/** Returns the exit code, or the signal that ended the process. @throws UsageError if ffmpeg is not installed. */
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
              "reading videos needs ffmpeg, which is not installed; install it (for example `apt-get install ffmpeg`) and try again",
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

/** Returns the reason why a file has no frames. The first error is the cause; later ones are its consequences. */
function withoutVideo(lines: readonly string[], input: string): string {
  if (lines.some((line) => /Stream #0:\d+.*: Audio: /.test(line))) return "it contains audio but no video";
  if (lines.some((line) => /\[warning\] Format .* misdetection possible/.test(line)))
    return "ffmpeg finds no frame in it: it is not a video, whatever its name";
  const error = lines.find((line) => /\[(error|fatal)\]/.test(line) && !/At least one output/.test(line));
  const reason = messageIn(error ?? "").replace(`${input}: `, "");
  const cut = reason.includes("moov atom not found")
    ? "; the file is truncated: its index, stored at the end, is missing"
    : "";
  return `ffmpeg finds no frame in it${reason && `: ${reason}${cut}`}`;
}

/** Strips the module and the level from a line of ffmpeg's log. */
function messageIn(line: string): string {
  return line.replace(/^(\[[^\]]*\] )*/, "");
}

interface FrameLine {
  readonly width: number;
  readonly height: number;
  /** In seconds. */
  readonly time: number;
}

/**
 * Parses ffmpeg's log: one line per frame, written before the frame itself, and errors. @param isBehind whether a frame
 * has no line yet
 */
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
    /** The cause; later errors are its consequences. */
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
            throw new VultusError("cannot parse the frame descriptions of this version of ffmpeg");
        }
      }
    },
  };
}

/** Converts ffmpeg's bytes to pixels. */
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
