/**
 * Finds faces in the frames of a camera or video at a bounded cost per frame. Each frame has a small look around each
 * face of the previous frame. Every few frames one look covers the whole frame, alternately from near and from further
 * away. While no face is known, every frame has such a look. Only the first frame has all looks.
 */

import type { Picture } from "../data/dataset.ts";
import {
  areaOf,
  type Box,
  containment,
  type DetectedFace,
  nonMaximumSuppression,
  overlapOf,
} from "./boxes.ts";
import { type ImagePyramid, imagePyramid } from "./image-pyramid.ts";
import { CONTAINMENT, type FaceNetwork, type Look, lookAt, type Sighting } from "./look.ts";

export interface LiveSearchOptions {
  readonly threshold: number;
  /** Maximum intersection over union of two different faces. */
  readonly overlap: number;
  /** Clips the boxes to the frame, and estimates the tilt of each face. */
  finish(found: readonly DetectedFace[], frame: ImagePyramid): Promise<DetectedFace[]>;
}

/** A look around a face: side of the image, and of the face in it, in pixels. With smaller ones the boxes jitter. */
const AROUND = { side: 64, face: 36 };
/**
 * Maximum number of faces to look around per frame. If there are more, they take turns, and the others keep their
 * position.
 */
const MOST_AROUND = 3;
/** Number of frames between looks at the whole frame while faces are known. */
const EVERY = 8;
/** A face of the previous frame is kept from this share of the threshold on. */
const LOYALTY = 0.6;
/** Number of frames for which a lost face keeps its position, so that one blurred frame does not make it flicker. */
const PATIENCE = 2;
/** Minimum intersection over union with its previous box for a face to be the same. */
const LEAST_OVERLAP = 0.2;

/** A face, and the number of frames since it was last seen. */
interface Known extends DetectedFace {
  readonly misses: number;
}

/** Takes frame after frame and returns each frame's faces by decreasing score, in its pixels. */
export function liveSearch(
  network: FaceNetwork,
  { threshold, overlap, finish }: LiveSearchOptions,
): (frame: Picture) => Promise<DetectedFace[]> {
  /** Faces of the previous frame; those looked around longest ago come first. */
  let known: Known[] = [];
  let extent = "";
  /** Number of frames until the next look at the whole frame, and which look it is. */
  let [wait, next] = [0, 0];

  /** Returns the new position of a face, if it is found. */
  async function followed(pyramid: ImagePyramid, face: Known): Promise<DetectedFace | undefined> {
    const seen = await lookAt(pyramid, network, lookAround(face.box), threshold * LOYALTY);
    const same = seen.filter(({ box }) => overlapOf(box, face.box) >= LEAST_OVERLAP);
    // Of two people side by side, each keeps their own box.
    const likeness = ({ box, score }: DetectedFace): number => score * overlapOf(box, face.box);
    return same.sort((a, b) => likeness(b) - likeness(a))[0];
  }

  return async (frame) => {
    const { width, height } = frame;
    const first = extent !== `${width} × ${height}`;
    if (first) [known, wait, extent] = [[], 0, `${width} × ${height}`];
    const pyramid = imagePyramid(frame);
    const turn = known.slice(0, MOST_AROUND);
    const found: DetectedFace[] = [];
    const missed: Known[] = [];
    for (const face of turn) {
      const now = await followed(pyramid, face);
      if (now) found.push(now);
      else if (face.misses < PATIENCE) missed.push({ ...face, misses: face.misses + 1 });
    }
    const others = known.slice(turn.length);
    // A lost face may be elsewhere in the frame.
    if (found.length < turn.length || known.length === 0) wait = 0;
    const fresh: Sighting[] = [];
    if (wait-- <= 0) {
      const looks = looksAt(frame);
      const taken = first ? looks : [looks[next++ % looks.length] as Look];
      for (const look of taken) fresh.push(...(await lookAt(pyramid, network, look, threshold)));
      wait = EVERY - 1;
    }
    const isNew = ({ side, box }: Sighting): boolean =>
      side >= network.sees.smallest &&
      [...found, ...others].every(
        (face) => overlapOf(face.box, box) <= overlap && containment(face.box, box) <= CONTAINMENT,
      );
    const same = { overlap, containment: CONTAINMENT };
    const seen = await finish(nonMaximumSuppression([...found, ...fresh.filter(isNew)], same), pyramid);
    // A face that a look at the whole frame found again is no longer missed.
    const stale = missed.filter((face) => seen.every(({ box }) => overlapOf(box, face.box) < LEAST_OVERLAP));
    const now = [...others, ...stale, ...seen.map((face): Known => ({ ...face, misses: 0 }))];
    const faces = nonMaximumSuppression(now, same);
    // Those that have waited longest come first.
    known = now.filter((face) => faces.includes(face));
    return faces.map((face) => {
      const { misses, ...rest } = face;
      return misses > 0 ? { ...rest, missed: true } : rest;
    });
  };
}

/** Looks at the whole frame: one for faces that fill it, and one for faces from about a twelfth of its longer side. */
function looksAt({ width, height }: Picture): Look[] {
  const region = { x: 0, y: 0, width, height };
  return [
    { region, scale: 64 / Math.max(width, height), margin: 48 },
    { region, scale: Math.min(1, Math.sqrt((256 * 192) / areaOf(region))) },
  ];
}

function lookAround({ x, y, width, height }: Box): Look {
  const scale = AROUND.face / Math.sqrt(width * height);
  const side = AROUND.side / scale;
  const region = { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
  return { region, scale };
}
