/**
 * Writes where face-api.js's tiny landmark network locates the eyes of some drawn faces, as the reference for ours:
 * `(cd bench/peers && npm ci) && node --import tsx bench/peers/eyes.ts > test/reference/eyes.json`
 */

import { eyesFaces } from "../../test/support/composites.ts";
import { loadFaceApi, startTensorFlow, tensorOf } from "./face-api.ts";

const tf = await startTensorFlow();
const { nets } = await loadFaceApi(["faceLandmark68TinyNet"]);
const reference: number[][] = [];
for (const picture of eyesFaces()) {
  const tensor = tensorOf(tf, picture);
  const { positions } = await nets.faceLandmark68TinyNet.detectLandmarks(tensor);
  tensor.dispose();
  const middle = (first: number): number[] => {
    const points = positions.slice(first, first + 6);
    const mean = (of: (point: { x: number; y: number }) => number): number =>
      points.reduce((sum, point) => sum + of(point), 0) / points.length / picture.width;
    return [mean(({ x }) => x), mean(({ y }) => y)];
  };
  reference.push([...middle(36), ...middle(42)].map((value) => Math.round(value * 1e5) / 1e5));
}
process.stdout.write(`${JSON.stringify(reference)}\n`);
