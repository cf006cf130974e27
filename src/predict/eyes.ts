/** The pose of detected faces from their landmarks: the tilt, and the square that frames the face. */

import { bundleInput } from "../evaluate/run-bundle.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import type { Box, DetectedFace } from "./boxes.ts";
import { squareAround } from "./framing.ts";
import type { ImagePyramid } from "./image-pyramid.ts";

/** Side of the network's square input. */
export const EYES_INPUT = 112;

/** Faces per run of the network. */
const BATCH = 32;

/**
 * Framing of FER2013's faces relative to the landmarks: the side of the square in spreads, and the offset of its centre
 * below theirs in sides (docs/results.md, "Finding faces").
 */
const framing = { side: 3.15, down: -0.077 };

/** Maximum ratio, either way, between the sides of the landmarks' square and of the box's square. */
const MOST_SCALE = 1.5;
/** Maximum distance between the centres of these two squares, in sides. */
const MOST_SHIFT = 0.35;

/** The pose of a face: `tilt` in degrees clockwise, and its square, which is tilted like the face. */
export type Pose = Required<Pick<DetectedFace, "tilt" | "square">>;

/**
 * Returns the pose of each face; undefined if its landmarks are implausible. The network runs twice, the second time on
 * the square found first, so that the result hardly depends on the detector's framing. With `quick` it runs once, on
 * the square suggested by the boxes of the detector that ships.
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

/**
 * On small, blurred and occluded faces the network guesses, so its result must be consistent with the detector's box.
 */
function isBelievable({ square, tilt }: Pose, box: Box): boolean {
  const expected = squareAround(box, undefined, tilt);
  const scale = square.width / expected.width;
  const shift = Math.hypot(
    square.x + square.width / 2 - (expected.x + expected.width / 2),
    square.y + square.height / 2 - (expected.y + expected.height / 2),
  );
  return Math.max(scale, 1 / scale) <= MOST_SCALE && shift <= MOST_SHIFT * expected.width;
}

/** The input that the network was trained on: the box, extended to a square. */
function squareOf({ x, y, width, height }: Box): Box {
  const side = Math.max(width, height);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}
