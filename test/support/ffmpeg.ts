/** Test clips from the installed ffmpeg, and their frames as vultus reads them. */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";
import type { Picture } from "../../src/data/dataset.ts";
import { probeVideo, type TimedPicture, videoFrames } from "../../src/predict/ffmpeg.node.ts";

export const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg) console.warn("skipped: there is no ffmpeg (apt-get install ffmpeg)");

const listed = (what: string): string =>
  hasFfmpeg ? spawnSync("ffmpeg", ["-hide_banner", what], { encoding: "utf8" }).stdout : "";
const [encoders, filters] = [listed("-encoders"), listed("-filters")];

export const hasEncoder = (name: string): boolean => encoders.includes(` ${name} `);
export const hasFilter = (name: string): boolean => filters.includes(` ${name} `);

/** Runs ffmpeg, which must succeed; `input` is its standard input. */
export function ffmpeg(args: readonly string[], input?: Uint8Array): void {
  const { status, stderr } = spawnSync("ffmpeg", ["-v", "error", "-y", ...args], { input: input ?? "" });
  expect(status, stderr.toString()).toBe(0);
}

/** Frames in the format that ffmpeg reads from standard input. */
export function rawInput({ width, height, channels }: Picture, rate: number): string[] {
  const format = channels === 1 ? "gray" : "rgb24";
  return [
    "-f",
    "rawvideo",
    "-pix_fmt",
    format,
    "-s",
    `${width}x${height}`,
    "-r",
    String(rate),
    "-i",
    "pipe:0",
  ];
}

export const bytesOf = (pictures: readonly Picture[]): Uint8Array =>
  Buffer.concat(pictures.map(({ pixels }) => pixels));

/** All analysed frames, and the notes. */
export async function framesOf(
  file: string,
  every: number,
): Promise<{ frames: TimedPicture[]; notes: string[] }> {
  const [frames, notes]: [TimedPicture[], string[]] = [[], []];
  const options = { name: file, every, onNote: (text: string) => notes.push(text) };
  for await (const frame of videoFrames(file, await probeVideo(file, file), options)) frames.push(frame);
  return { frames, notes };
}

/** Mean absolute difference of two images of the same size, in levels. */
export function difference(a: Picture | undefined, b: Picture | undefined): number {
  expect([a?.width, a?.height]).toEqual([b?.width, b?.height]);
  const [from, to] = [levelsOf(a as Picture), levelsOf(b as Picture)];
  return from.reduce((sum, value, i) => sum + Math.abs(value - (to[i] as number)), 0) / from.length;
}

function levelsOf({ pixels, channels }: Picture): number[] {
  return channels === 3 ? [...pixels] : [...pixels].flatMap((level) => [level, level, level]);
}

/** Rotates an MP4 or MOV file clockwise by 90° when shown, through its track matrix (ISO 14496-12, 8.3.2). */
export function turnByMetadata(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf("tkhd");
  expect(at).toBeGreaterThan(0);
  const matrix = at + 4 + 4 + 20 + 16;
  const one = 0x10000;
  [0, one, 0, -one, 0, 0, 0, 0, 0x40000000].forEach((value, i) => bytes.writeInt32BE(value, matrix + 4 * i));
  writeFileSync(file, bytes);
}
