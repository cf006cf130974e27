/**
 * What face-api.js finds in the scenes of the tests, as the reference for our detector:
 * `(cd bench/peers && npm ci) && node --import tsx bench/peers/face-boxes.ts > test/reference/face-boxes.json`
 */

import { drawnFaces, scenes } from "../../test/support/composites.ts";
import { ferFaces } from "../../test/support/fer2013.ts";
import { loadFaceApi, startTensorFlow, tensorOf } from "./face-api.ts";

/** Far below what a user would set, so that there is much to compare. */
const scoreThreshold = 0.2;

const tf = await startTensorFlow();
const { nets } = await loadFaceApi(["tinyFaceDetector"]);
const rounded = (value: number): number => Math.round(value * 1000) / 1000;

async function boxesIn(faces: Parameters<typeof scenes>[0]): Promise<Record<string, number[][]>> {
  const found: Record<string, number[][]> = {};
  for (const { name, picture } of scenes(faces)) {
    const tensor = tensorOf(tf, picture);
    const detections = await nets.tinyFaceDetector.locateFaces(tensor, { inputSize: 416, scoreThreshold });
    tensor.dispose();
    found[name] = detections.map(({ score, box }) =>
      [box.x, box.y, box.width, box.height, score].map(rounded),
    );
  }
  return found;
}

const reference = {
  scoreThreshold,
  fer2013: await boxesIn(await ferFaces(4)),
  drawn: await boxesIn(drawnFaces(24)),
};
process.stdout.write(`${JSON.stringify(reference)}\n`);
