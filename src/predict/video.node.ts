/** Faces in a video: detected frame by frame, tracked and classified. */

import { fitted } from "../data/decode.node.ts";
import { MOST_PHOTO_PIXELS } from "../data/photo-size.ts";
import { probeVideo, type VideoFacts, videoFrames } from "./ffmpeg.node.ts";
import type { Model } from "./model.node.ts";
import type { Face } from "./prediction.ts";
import { type PredictOptions, predictPhotos, type ReadPhoto } from "./predictor.ts";
import { faceTracker, type TrackedFace } from "./tracking.ts";

export interface VideoOptions extends PredictOptions {
  /** Seconds between analysed frames. */
  readonly every: number;
  /** Time constant in seconds for smoothing the probabilities. */
  readonly smooth: number;
  /** File name used in messages. Default: its path. */
  readonly name?: string;
  /** Receives notes for the user: that the video is damaged or truncated. */
  readonly onNote?: (text: string) => void;
  /** Receives the duration in seconds, once, before the first frame; not called if the file does not record it. */
  readonly onDuration?: (seconds: number) => void;
  /** Stops the frames, even if ffmpeg has stalled. */
  readonly signal?: AbortSignal;
}

export interface VideoFrame {
  /** In seconds from the beginning. */
  readonly time: number;
  /** Size of the frame as shown, upright and with square pixels; boxes are in its pixels. */
  readonly width: number;
  readonly height: number;
  readonly faces: readonly TrackedFace[];
}

/** Maximum seconds for which a frame is shown until the next one; a longer jump in time is a gap. */
const MOST_STILL = 60;

type FramePhoto = Extract<ReadPhoto, { width: number }> & { readonly time: number };

/**
 * Yields the frames of a video at every multiple of `every` seconds, in order, as soon as they are ready; none is kept.
 * A frame that is shown for longer than `every` counts for each of its times.
 *
 * @throws VultusError if ffmpeg is missing or too old, or reads no frame.
 */
export async function* predictVideo(
  { classifier, detector }: Model,
  file: string,
  options: VideoOptions,
): AsyncGenerator<VideoFrame> {
  const { every, smooth, threshold = 0, name = file, onDuration = () => {}, signal } = options;
  const track = faceTracker({ smooth, threshold, patience: Math.max(1, 2.5 * every) });
  const facts = await probeVideo(file, name, signal);
  if (!facts) return;
  if (facts.duration !== undefined) onDuration(facts.duration);
  let before: (Omit<VideoFrame, "faces"> & { readonly faces: readonly Face[] }) | undefined;
  const photos = framePhotos(file, facts, { ...options, name });
  for await (const { photo, prediction } of predictPhotos(photos, classifier, detector, options)) {
    const { time, width, height } = photo;
    if (before && time - before.time <= MOST_STILL)
      for (let k = 1; before.time + k * every < time - every / 2; k++)
        yield { ...before, ...tracked(track, rounded(before.time + k * every), before) };
    before = { time, width, height, faces: prediction.faces };
    yield { ...before, ...tracked(track, time, before) };
  }
}

async function* framePhotos(
  file: string,
  facts: VideoFacts,
  { name, every, onNote = () => {}, signal }: VideoOptions & { readonly name: string },
): AsyncGenerator<FramePhoto> {
  for await (const { picture, time } of videoFrames(file, facts, { name, every, onNote, signal }))
    yield { file: name, time, ...(await fitted(picture, MOST_PHOTO_PIXELS)) };
}

/** Tracks in shares of the frame, so that a face stays the same when a recording changes its resolution. */
function tracked(
  track: ReturnType<typeof faceTracker>,
  time: number,
  { width, height, faces }: { width: number; height: number; faces: readonly Face[] },
): Pick<VideoFrame, "time" | "faces"> {
  const shares = faces.map(({ box, ...face }) => ({
    ...face,
    box: { x: box.x / width, y: box.y / height, width: box.width / width, height: box.height / height },
  }));
  const followed = track(time, shares).map((face, i) => ({ ...face, box: (faces[i] as Face).box }));
  return { time, faces: followed };
}

/** Rounds to a millisecond. */
function rounded(seconds: number): number {
  return Math.round(1000 * seconds) / 1000;
}
