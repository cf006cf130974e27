/**
 * Summarises each face of a video: the mean over all frames that show it, in memory that grows with faces, not with
 * time.
 */

import { labelOf } from "./prediction.ts";
import type { TrackedFace } from "./tracking.ts";

export interface TrackMeans {
  add(faces: readonly TrackedFace[]): void;
  /**
   * Returns one face per track, in order of appearance. Box and score are those of its largest sighting; probabilities
   * are the means.
   */
  faces(): TrackedFace[];
}

interface Sightings {
  largest: TrackedFace;
  count: number;
  readonly sums: Record<string, number>;
}

/** @param threshold a face whose highest mean probability is below this has no label */
export function trackMeans(threshold: number): TrackMeans {
  const tracks = new Map<number, Sightings>();
  return {
    add(faces) {
      for (const face of faces) {
        const known = tracks.get(face.track);
        if (!known) {
          tracks.set(face.track, { largest: face, count: 1, sums: { ...face.probabilities } });
          continue;
        }
        known.count++;
        if (areaOf(face) > areaOf(known.largest)) known.largest = face;
        for (const [name, probability] of Object.entries(face.probabilities))
          known.sums[name] = (known.sums[name] ?? 0) + probability;
      }
    },
    faces: () =>
      [...tracks.values()].map(({ largest, count, sums }) => {
        const probabilities = Object.fromEntries(
          Object.entries(sums).map(([name, sum]) => [name, sum / count] as const),
        );
        return { ...largest, probabilities, label: labelOf(probabilities, threshold) };
      }),
  };
}

function areaOf({ box }: TrackedFace): number {
  return box.width * box.height;
}
