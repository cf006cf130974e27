/**
 * Finds faces in the frames of a camera or video. Each frame has a bounded cost: a small look around each face of the last frame,
 * and only every few frames one look at the whole frame, from near and from further away in turn. Where nothing is known, every
 * frame has one. Only the first frame has all.
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
  /** Of two boxes that overlap by more (intersection over union), the better stays. */
  readonly overlap: number;
  /** What of the boxes lies in the frame, and how far each face leans. */
  finish(found: readonly DetectedFace[], frame: ImagePyramid): Promise<DetectedFace[]>;
}

/** A look around a face: side of the image, and of the face in it, in pixels. Smaller ones find boxes that jump. */
const AROUND = { side: 64, face: 36 };
/** Faces looked around in one frame; where there are more, they take turns, and the others stay where they were. */
const MOST_AROUND = 3;
/** Frames from one look at the whole frame to the next, where faces are known. */
const EVERY = 8;
/** A face that was there in the last frame is believed at this share of the threshold. */
const LOYALTY = 0.6;
/** Frames for which a face that was not seen again stays where it was: one blurred frame must not make it flicker. */
const PATIENCE = 2;
/** A face of the last frame that overlaps its box by less (intersection over union) is another. */
const LEAST_OVERLAP = 0.2;

/** A face, and in how many frames it was not seen again. */
interface Known extends DetectedFace {
  readonly misses: number;
}

/** Takes frame after frame; each has its faces, the surest first, in its pixels. */
export function liveSearch(
  network: FaceNetwork,
  { threshold, overlap, finish }: LiveSearchOptions,
): (frame: Picture) => Promise<DetectedFace[]> {
  /** Faces of the last frame, those first that were looked around longest ago. */
  let known: Known[] = [];
  let extent = "";
  /** Frames until the next look at the whole frame, and which one it is. */
  let [wait, next] = [0, 0];

  /** The face where it is now, if it is seen. */
  async function followed(pyramid: ImagePyramid, face: Known): Promise<DetectedFace | undefined> {
    const seen = await lookAt(pyramid, network, lookAround(face.box), threshold * LOYALTY);
    const same = seen.filter(({ box }) => overlapOf(box, face.box) >= LEAST_OVERLAP);
    // Of two people side by side each keeps their own box.
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
    // A face that is lost may be elsewhere.
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
    // What was seen again by a look at the whole frame is no longer missed.
    const stale = missed.filter((face) => seen.every(({ box }) => overlapOf(box, face.box) < LEAST_OVERLAP));
    const now = [...others, ...stale, ...seen.map((face): Known => ({ ...face, misses: 0 }))];
    const faces = nonMaximumSuppression(now, same);
    // Those that wait longest come first.
    known = now.filter((face) => faces.includes(face));
    return faces.map((face) => {
      const { misses: _, ...rest } = face;
      return rest;
    });
  };
}

/** The whole frame for faces that fill it, and for those from about a twelfth of its longer side on. */
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
