/** How far found faces are tilted, by where their eyes are. */

import type { Picture } from "../data/dataset.ts";
import { bundleInput } from "../evaluate/run-bundle.ts";
import type { OpenProgram } from "../runtime/engine.ts";
import type { Box } from "./boxes.ts";
import { resampled } from "./resample.ts";

/** Side of the square faces that the network takes. */
export const EYES_INPUT = 112;

/** Faces in one run of the network. */
const BATCH = 32;

/** For each face the angle of the line between its eyes, in degrees; above 0 the face leans clockwise. */
export async function tiltsOf(eyes: OpenProgram, picture: Picture, faces: readonly Box[]): Promise<number[]> {
  const tilts: number[] = [];
  for (let start = 0; start < faces.length; start += BATCH) {
    const squares = faces
      .slice(start, start + BATCH)
      .map((box) => resampled(picture, squareOf(box), EYES_INPUT, EYES_INPUT));
    const points = (await eyes.run({ pictures: bundleInput(squares, "uint8") })).eyes?.data as Float32Array;
    for (let i = 0; i < squares.length; i++) {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = points.subarray(4 * i, 4 * i + 4);
      tilts.push((Math.atan2(y2 - y1, x2 - x1) * 180) / Math.PI);
    }
  }
  return tilts;
}

/** What the network was trained to see: the box, and what it takes to make it square. */
function squareOf({ x, y, width, height }: Box): Box {
  const side = Math.max(width, height);
  return { x: x + (width - side) / 2, y: y + (height - side) / 2, width: side, height: side };
}
