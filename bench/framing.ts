/**
 * Finds the square around a detected face that resembles FER2013's framing most: validation faces are placed on canvases,
 * detected there, cropped with each framing, and classified. The best framing is the one with the best accuracy.
 *
 * `node --import tsx bench/framing.ts MODEL [faces per class]`; FER2013's images are in VULTUS_FER2013 (/tmp/fer/images).
 */

import type { Picture } from "../src/data/dataset.ts";
import type { Box, DetectedFace } from "../src/predict/boxes.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { labelledFaces } from "../test/support/fer2013.ts";
import { CANVAS, FACE, laid, openJudge, percent } from "./laid-faces.ts";

const [model, perClass = "100"] = process.argv.slice(2);
const { architecture, detector, right, close } = await openJudge(model);
const faces = await labelledFaces(Number(perClass));

const found: { face: Picture; canvas: Picture; box: Box; seen: DetectedFace }[] = [];
const labels: string[] = [];
for (const [i, { picture: face, label }] of faces.entries()) {
  const canvas = laid(face, i);
  const [best] = await detector.detect(canvas);
  if (!best) continue;
  found.push({ face, canvas, box: best.box, seen: best });
  labels.push(label);
}
console.log(`found: ${found.length} of ${faces.length} (${percent(found.length / faces.length)})`);
const mean = (f: (one: (typeof found)[number]) => number): string =>
  (found.reduce((sum, one) => sum + f(one), 0) / found.length / FACE).toFixed(3);
console.log(
  `boxes, in sides of the face: ${mean(({ box }) => box.width)} × ${mean(({ box }) => box.height)}`,
);
console.log(`their middle below the face's: ${mean(({ box }) => box.y + box.height / 2 - CANVAS / 2)}`);
const asTheyAre = await right(
  found.map(({ face }) => face),
  labels,
);
console.log(`accuracy of the faces as they are: ${percent(asTheyAre)}`);
const byLandmarks = await right(
  found.map(({ canvas, seen }) => faceCrop(canvas, seen, architecture)),
  labels,
);
console.log(`as predict cuts them out, by landmarks: ${percent(byLandmarks)}; by the box alone:`);
for (const side of [0.8, 0.9, 1, 1.1, 1.2, 1.35]) {
  const row = [];
  for (const down of [-0.2, -0.15, -0.1, -0.05, 0]) {
    const crops = found.map(({ canvas, box }) => faceCrop(canvas, { box }, architecture, { side, down }));
    row.push(`${down}: ${percent(await right(crops, labels))}`);
  }
  console.log(`side ${side}  down ${row.join("  ")}`);
}
await close();
