/**
 * Measures the benefit of turning faces upright: validation faces are placed on canvases at several angles, detected there, and
 * classified both as they are and rotated according to the positions of their eyes.
 *
 * `node --import tsx bench/upright.ts MODEL [faces per class]`; FER2013's images are in VULTUS_FER2013 (/tmp/fer/images).
 */

import type { Picture } from "../src/data/dataset.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { labelledFaces } from "../test/support/fer2013.ts";
import { laid, openJudge, percent } from "./laid-faces.ts";

const [model, perClass = "50"] = process.argv.slice(2);
const { architecture, detector, right, close } = await openJudge(model);
const faces = await labelledFaces(Number(perClass));

console.log("angle  found  tilt found, mean and deviation  right as they lie  right upright");
for (const angle of [0, -10, 10, -20, 20, -30, 30, -40, 40]) {
  const labels: string[] = [];
  const tilts: number[] = [];
  const crops: { lying: Picture; upright: Picture }[] = [];
  for (const [i, { picture: face, label }] of faces.entries()) {
    const canvas = laid(face, i, angle);
    const [best] = await detector.detect(canvas);
    if (!best) continue;
    labels.push(label);
    tilts.push(best.tilt ?? 0);
    crops.push({
      lying: faceCrop(canvas, { box: best.box }, architecture),
      upright: faceCrop(canvas, best, architecture),
    });
  }
  const mean = tilts.reduce((sum, tilt) => sum + tilt, 0) / tilts.length;
  const deviation = Math.sqrt(tilts.reduce((sum, tilt) => sum + (tilt - mean) ** 2, 0) / tilts.length);
  const lying = await right(
    crops.map((crop) => crop.lying),
    labels,
  );
  const upright = await right(
    crops.map((crop) => crop.upright),
    labels,
  );
  console.log(
    `${String(angle).padStart(5)}  ${String(labels.length).padStart(5)}  ${mean.toFixed(1).padStart(10)} ± ${deviation.toFixed(1)}  ${percent(lying).padStart(22)}  ${percent(upright)}`,
  );
}
await close();
