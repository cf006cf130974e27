/** How found faces lie, by their landmarks: how far they lean, and the square that they fill. */

import { bundleInput } from "../evaluate/run-bundle.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import type { Box, DetectedFace } from "./boxes.ts";
import { squareAround } from "./framing.ts";
import type { ImagePyramid } from "./image-pyramid.ts";

/** Side of the square faces that the network takes. */
export const EYES_INPUT = 112;

/** Faces in one run of the network. */
const BATCH = 32;

/**
 * The square of a face as FER2013 frames it: its side in spreads of the landmarks, and how far its middle lies below theirs in
 * sides (docs/results.md, "Finding faces").
 */
const framing = { side: 3.15, down: -0.077 };

/** Landmarks are believed where their square is at most as many times as large as the box's, or as small. */
const MOST_SCALE = 1.5;
/** And where its middle is at most as many sides away from the box's. */
const MOST_SHIFT = 0.35;

/** How a face lies: `tilt` in degrees, clockwise, and the square that it fills, which leans with it. */
export type Pose = Required<Pick<DetectedFace, "tilt" | "square">>;

/**
 * For each face how it lies, or undefined where the landmarks cannot be believed. The network looks twice, the second time at the
 * square that it found first, so that little is left of which detector the box is of. A `quick` look is one, at the square that
 * boxes of the detector that ships suggest.
 */
export async function posesOf(
  eyes: Pick<OpenProgram, "run">,
  pyramid: ImagePyramid,
  faces: readonly Box[],
  quick = false,
): Promise<(Pose | undefined)[]> {
  const suggested = quick
    ? faces.map((box) => squareAround(box))
    : (await look(eyes, pyramid, faces.map(squareOf))).map(({ square }) => square);
  const poses = await look(eyes, pyramid, suggested);
  return poses.map((pose, i) => (isBelievable(pose, faces[i] as Box) ? pose : undefined));
}

async function look(
  eyes: Pick<OpenProgram, "run">,
  pyramid: ImagePyramid,
  squares: readonly Box[],
): Promise<Pose[]> {
  const poses: Pose[] = [];
  for (let start = 0; start < squares.length; start += BATCH) {
    const batch = squares.slice(start, start + BATCH);
    const images = batch.map((region) => pyramid.cut({ region, scale: EYES_INPUT / region.width }));
    const found = await eyes.run({ pictures: bundleInput(images, "uint8") });
    const [points, middles, spreads] = ["eyes", "middle", "spread"].map(
      (name) => found[name]?.data as Float32Array,
    ) as [Float32Array, Float32Array, Float32Array];
    for (const [i, { x, y, width }] of batch.entries()) {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = points.subarray(4 * i, 4 * i + 4);
      const radians = Math.atan2(y2 - y1, x2 - x1);
      const side = framing.side * (spreads[i] as number) * width;
      const below = framing.down * side;
      poses.push({
        tilt: (radians * 180) / Math.PI,
        square: {
          x: x + (middles[2 * i] as number) * width - Math.sin(radians) * below - side / 2,
          y: y + (middles[2 * i + 1] as number) * width + Math.cos(radians) * below - side / 2,
          width: side,
          height: side,
        },
      });
    }
  }
  return poses;
}

/** On small, blurred and covered faces the network guesses; its guess must fit the detector's box. */
function isBelievable({ square, tilt }: Pose, box: Box): boolean {
  const expected = squareAround(box, undefined, tilt);
  const scale = square.width / expected.width;
  const shift = Math.hypot(
    square.x + square.width / 2 - (expected.x + expected.width / 2),
    square.y + square.height / 2 - (expected.y + expected.height / 2),
  );
  return Math.max(scale, 1 / scale) <= MOST_SCALE && shift <= MOST_SHIFT * expected.width;
}

/** What the network was trained to see: the box, and what it takes to make it square. */
function squareOf({ x, y, width, height }: Box): Box {
  const side = Math.max(width, height);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}
