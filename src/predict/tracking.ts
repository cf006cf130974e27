/** Faces followed from frame to frame, and their probabilities smoothed over time. */

import { overlapOf } from "./boxes.ts";
import { type Face, labelOf } from "./prediction.ts";

/** A face of one frame that belongs to a track; its probabilities are smoothed. */
export interface TrackedFace extends Face {
  /** The same number in every frame that shows this face, counted from 1 in order of appearance. */
  readonly track: number;
}

export interface TrackingOptions {
  /** Seconds after which an old observation counts 1/e of a new one; 0 leaves probabilities as they are. */
  readonly smooth: number;
  /** Seconds for which a face may be unseen and still be the same. */
  readonly patience: number;
  readonly threshold: number;
}

interface Track {
  readonly number: number;
  readonly box: Face["box"];
  readonly seen: number;
  readonly probabilities: Face["probabilities"];
}

/** Boxes of consecutive frames that overlap by less (intersection over union) are other faces. */
const LEAST_OVERLAP = 0.3;

/**
 * Takes the faces of one frame after the other, at growing times in seconds. The pairs of a face and a track that overlap
 * most are matched first (Bochinski and others 2017, "High-speed tracking-by-detection without using image information").
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

/** The track of each face that has one, by the index of the face. */
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

/** An exponential moving average whose weight of the past falls with the time since then. */
function smoothed(track: Track, face: Face, time: number, smooth: number): Face["probabilities"] {
  const past = smooth > 0 ? Math.exp(-(time - track.seen) / smooth) : 0;
  return Object.fromEntries(
    Object.entries(face.probabilities).map(([name, now]) => [
      name,
      past * (track.probabilities[name] ?? now) + (1 - past) * now,
    ]),
  );
}
