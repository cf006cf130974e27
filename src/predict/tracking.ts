/** Tracks faces from frame to frame, and smooths their probabilities over time. */

import { overlapOf } from "./boxes.ts";
import { type Face, labelOf } from "./prediction.ts";

/** A face of one frame that belongs to a track, with smoothed probabilities. */
export interface TrackedFace extends Face {
  /** The same number in every frame that shows this face, counted from 1 in order of appearance. */
  readonly track: number;
}

export interface TrackingOptions {
  /** Seconds after which the weight of an observation drops to 1/e; 0 turns smoothing off. */
  readonly smooth: number;
  /** Seconds for which a face may be lost and still be the same. */
  readonly patience: number;
  readonly threshold: number;
}

interface Track {
  readonly number: number;
  readonly box: Face["box"];
  readonly seen: number;
  readonly probabilities: Face["probabilities"];
}

/** Boxes of consecutive frames with a lower intersection over union are different faces. */
const LEAST_OVERLAP = 0.3;

/**
 * Takes the faces of each frame, with increasing times in seconds. The pairs of a face and a track with the highest
 * overlap are matched first (Bochinski and others 2017, "High-speed tracking-by-detection without using image
 * information").
 */
export function faceTracker({ smooth, patience, threshold }: TrackingOptions) {
  let tracks: Track[] = [];
  let count = 0;
  return (time: number, faces: readonly Face[]): TrackedFace[] => {
    tracks = tracks.filter(({ seen }) => time - seen <= patience);
    const matched = matches(faces, tracks);
    const result = faces.map((face, i): TrackedFace => {
      const before = matched.get(i);
      const probabilities = before ? smoothed(before, face, time, smooth) : face.probabilities;
      const track = before?.number ?? ++count;
      return { track, ...face, probabilities, label: labelOf(probabilities, threshold) };
    });
    const seen = new Set(result.map(({ track }) => track));
    tracks = [
      ...tracks.filter(({ number }) => !seen.has(number)),
      ...result.map(({ track, box, probabilities }) => ({ number: track, box, probabilities, seen: time })),
    ];
    return result;
  };
}

/** Returns the matched tracks by face index. */
function matches(faces: readonly Face[], tracks: readonly Track[]): Map<number, Track> {
  const pairs = faces
    .flatMap((face, i) => tracks.map((track) => ({ i, track, overlap: overlapOf(face.box, track.box) })))
    .filter(({ overlap }) => overlap >= LEAST_OVERLAP)
    .sort((a, b) => b.overlap - a.overlap);
  const matched = new Map<number, Track>();
  const taken = new Set<Track>();
  for (const { i, track } of pairs) {
    if (matched.has(i) || taken.has(track)) continue;
    matched.set(i, track);
    taken.add(track);
  }
  return matched;
}

/** An exponential moving average; the weight of the past decreases with the elapsed time. */
function smoothed(track: Track, face: Face, time: number, smooth: number): Face["probabilities"] {
  const past = smooth > 0 ? Math.exp(-(time - track.seen) / smooth) : 0;
  return Object.fromEntries(
    Object.entries(face.probabilities).map(([name, now]) => [
      name,
      past * (track.probabilities[name] ?? now) + (1 - past) * now,
    ]),
  );
}
