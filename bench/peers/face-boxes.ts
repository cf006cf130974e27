/**
 * Writes the output of face-api.js's larger network for the test scenes, as the reference for ours: of its 5,118 boxes, those of
 * the 3,072 of the first predictor that score more than 0.2, before merging. `(cd bench/peers && npm ci) && node --import tsx
 * bench/peers/face-boxes.ts > test/reference/face-boxes.json`
 */

import { onCanvas } from "../../src/predict/image-pyramid.ts";
import { drawnFaces, scenes } from "../../test/support/composites.ts";
import { ferFaces } from "../../test/support/fer2013.ts";
import { loadFaceApi, startTensorFlow, tensorOf } from "./face-api.ts";

/** Far below the threshold that a user would set, so that there is much to compare. */
const scoreThreshold = 0.2;
/** Side of the input, and number of boxes of the first predictor: three for every cell of 16 × 16 pixels. */
const [SIDE, FIRST] = [512, 3 * 32 * 32];

const tf = await startTensorFlow();
const { nets } = await loadFaceApi(["ssdMobilenetv1"]);
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

async function boxesIn(faces: Parameters<typeof scenes>[0]): Promise<Record<string, number[][]>> {
  const found: Record<string, number[][]> = {};
  for (const { name, picture } of scenes(faces)) {
    // Of the network's input size, so that no resizing affects the comparison.
    const tensor = tensorOf(tf, onCanvas(picture, SIDE).canvas);
    const { boxes, scores } = await nets.ssdMobilenetv1.forward(tensor);
    const corners = await boxes[0]?.data();
    const sureness = await scores[0]?.data();
    if (!corners || !sureness) throw new Error("face-api.js gives no answer");
    const rows: number[][] = [];
    for (const [i, score] of sureness.subarray(0, FIRST).entries()) {
      if (score <= scoreThreshold) continue;
      const [top = 0, left = 0, bottom = 0, right = 0] = corners.subarray(4 * i, 4 * i + 4);
      rows.push([
        ...[left, top, right - left, bottom - top].map((share) => rounded(SIDE * share)),
        rounded(score),
      ]);
    }
    found[name] = rows;
    for (const used of [tensor, ...boxes, ...scores]) used.dispose();
  }
  return found;
}

const reference = {
  scoreThreshold,
  fer2013: await boxesIn(await ferFaces(4)),
  drawn: await boxesIn(drawnFaces(24)),
};
process.stdout.write(`${JSON.stringify(reference)}\n`);
