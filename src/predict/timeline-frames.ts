/** Collects the data of a video's frames for a chart, in bounded memory. */

import type { Face } from "./prediction.ts";

export interface TimelineFrame {
  /** In seconds from the beginning. */
  readonly time: number;
  readonly faces: readonly { readonly track: number; readonly probabilities: Face["probabilities"] }[];
}

/** Maximum number of frames to keep; a chart is 700 pixels wide. */
const MOST_FRAMES = 8192;

/** Frames of a timeline, thinned evenly if a video has more than `most`. */
export interface TimelineFrames {
  add(frame: TimelineFrame): void;
  readonly frames: readonly TimelineFrame[];
  /** One frame out of this many is kept. */
  readonly stride: number;
}

export function timelineFrames(most = MOST_FRAMES): TimelineFrames {
  let frames: TimelineFrame[] = [];
  let [stride, count] = [1, 0];
  return {
    add({ time, faces }) {
      if (count++ % stride !== 0) return;
      frames.push({ time, faces: faces.map(({ track, probabilities }) => ({ track, probabilities })) });
      if (frames.length < most) return;
      frames = frames.filter((_, i) => i % 2 === 0);
      stride *= 2;
    },
    get frames() {
      return frames;
    },
    get stride() {
      return stride;
    },
  };
}
