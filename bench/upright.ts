/**
 * What turning faces upright is worth: validation faces are laid into canvases at several angles, found there, and labelled
 * by a classifier as they lie and turned by where their eyes are.
 *
 * `node --import tsx bench/upright.ts MODEL [faces per class]`; FER2013's pictures are in VULTUS_FER2013 (/tmp/fer/images).
 */

import type { Picture } from "../src/data/dataset.ts";
import { inMemory, runBundle } from "../src/evaluate/run-bundle.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { openDetector } from "../src/predict/onnx-detector.ts";
import { loadDetector } from "../src/predict/shipped-detector.node.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { composite } from "../test/support/composites.ts";
import { labelledFaces } from "../test/support/fer2013.ts";

const CANVAS = 320;
const FACE = 80;

const [model, perClass = "50"] = process.argv.slice(2);
if (!model) throw new Error("name a model: a run folder, or an exported file");
const engine = startEngine({ device: "cpu", threads: 2, spinning: false });
const { architecture, program, input } = loadBundle(model);
const classifier = await engine.open(program);
const detector = await openDetector(engine, loadDetector());
const faces = await labelledFaces(Number(perClass));
const count = architecture.classes.length;

async function right(crops: readonly Picture[], labels: readonly string[]): Promise<string> {
  const { probabilities } = await runBundle(classifier, input, count, inMemory(crops));
  const correct = labels.filter((label, i) => {
    const row = probabilities.subarray(i * count, (i + 1) * count);
    return architecture.classes[row.indexOf(Math.max(...row))] === label;
  });
  return `${((100 * correct.length) / labels.length).toFixed(1)} %`;
}

console.log("angle  found  tilt found, mean and deviation  right as they lie  right upright");
for (const angle of [0, -10, 10, -20, 20, -30, 30, -40, 40]) {
  const labels: string[] = [];
  const tilts: number[] = [];
  const crops: { lying: Picture; upright: Picture }[] = [];
  for (const [i, { picture: face, label }] of faces.entries()) {
    const place = { face, x: CANVAS / 2, y: CANVAS / 2, side: FACE, angle, whole: true };
    const canvas = composite(CANVAS, CANVAS, [place], i);
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
    `${String(angle).padStart(5)}  ${String(labels.length).padStart(5)}  ${mean.toFixed(1).padStart(10)} ± ${deviation.toFixed(1)}  ${lying.padStart(22)}  ${upright}`,
  );
}
await engine.close();
