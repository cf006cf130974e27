/** Faces in a video: frames through an installed ffmpeg, faces found, followed and classified. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fitted } from "../data/decode.node.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import type { Model } from "./model.node.ts";
import { ppmPictures } from "./ppm.ts";
import { MOST_PHOTO_PIXELS, type PredictOptions, predictPhotos, type ReadPhoto } from "./predictor.ts";
import { faceTracker, type TrackedFace } from "./tracking.ts";

export interface VideoOptions extends PredictOptions {
  /** Seconds between two frames that are looked at. */
  readonly every: number;
  /** Seconds over which probabilities are smoothed. */
  readonly smooth: number;
  /** Hears what a person should know: that the video is cut off. */
  readonly onNote?: (text: string) => void;
}

export interface VideoFrame {
  /** In seconds from the beginning. */
  readonly time: number;
  readonly faces: readonly TrackedFace[];
}

/** Whether a file is a video, by its name. */
export function isVideo(file: string): boolean {
  return /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ogv|3gp|wmv)$/i.test(file);
}

/** The frames of a video, in order, none kept. @throws VultusError where ffmpeg is missing or reads no frame. */
export async function* predictVideo(
  { classifier, detector }: Model,
  file: string,
  options: VideoOptions,
): AsyncGenerator<VideoFrame> {
  const { every, smooth, threshold = 0 } = options;
  const track = faceTracker({ smooth, threshold, patience: Math.max(1, 2.5 * every) });
  let index = 0;
  for await (const { prediction } of predictPhotos(frames(file, options), classifier, detector, options)) {
    const time = Math.round(1000 * every * index++) / 1000;
    yield { time, faces: track(time, prediction.faces) };
  }
}

async function* frames(file: string, { every, onNote = () => {} }: VideoOptions): AsyncGenerator<ReadPhoto> {
  if (!existsSync(file)) throw new UsageError(`${file}: no such file`);
  const output = ["-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
  const args = [
    "-nostdin",
    "-v",
    "error",
    "-i",
    // A name with a colon would be taken for an address.
    `file:${file}`,
    "-an",
    "-sn",
    "-vf",
    `fps=1/${every}:start_time=0`,
    ...output,
  ];
  const child = spawn("ffmpeg", args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-2000)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  ended.catch(() => {});
  let count = 0;
  try {
    for await (const picture of ppmPictures(child.stdout, () =>
      onNote(`${file} breaks off within a frame`),
    )) {
      count++;
      yield { file, ...(await fitted(picture, MOST_PHOTO_PIXELS)) };
    }
    const code = await ended;
    const reason = said.trim().split("\n").at(-1) ?? "";
    if (count === 0) throw new VultusError(`${file}: ffmpeg finds no frame in it${reason && `: ${reason}`}`);
    if (code !== 0 || reason) onNote(`${file} is damaged, its frames up to there are used: ${reason}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UsageError(
      "videos are read by ffmpeg, which is not installed; install it (for example `apt-get install ffmpeg`) and try again",
    );
  } finally {
    child.kill();
  }
}
