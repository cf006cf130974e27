/**
 * Which square around a detected face looks most like FER2013's own: validation faces are laid into canvases and found
 * there, cut out by each framing, and labelled by a classifier. The best framing is the one with the best accuracy.
 *
 * `node --import tsx bench/framing.ts MODEL [faces per class]`; FER2013's pictures are in VULTUS_FER2013 (/tmp/fer/images).
 */

import type { Picture } from "../src/data/dataset.ts";
import { inMemory, runBundle } from "../src/evaluate/run-bundle.ts";
import type { Box } from "../src/predict/boxes.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { openDetector } from "../src/predict/onnx-detector.ts";
import { loadDetector } from "../src/predict/shipped-detector.node.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { composite } from "../test/support/composites.ts";
import { labelledFaces } from "../test/support/fer2013.ts";

const CANVAS = 320;
const FACE = 80;

const [model, perClass = "100"] = process.argv.slice(2);
if (!model) throw new Error("name a model: a run folder, or an exported file");
const engine = startEngine({ device: "cpu", threads: 2, spinning: false });
const { architecture, program, input } = loadBundle(model);
const classifier = await engine.open(program);
const detector = await openDetector(engine, loadDetector());
const faces = await labelledFaces(Number(perClass));

const answers = async (pictures: readonly Picture[]): Promise<string[]> => {
  const count = architecture.classes.length;
  const { probabilities } = await runBundle(classifier, input, count, inMemory(pictures));
  return pictures.map((_, i) => {
    const row = probabilities.subarray(i * count, (i + 1) * count);
    return architecture.classes[row.indexOf(Math.max(...row))] as string;
  });
};

const found: { label: string; face: Picture; canvas: Picture; box: Box }[] = [];
for (const [i, { picture: face, label }] of faces.entries()) {
  const canvas = composite(
    CANVAS,
    CANVAS,
    [{ face, x: CANVAS / 2, y: CANVAS / 2, side: FACE, whole: true }],
    i,
  );
  const [best] = await detector.detect(canvas);
  if (best) found.push({ label, face, canvas, box: best.box });
}
const share = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;
console.log(`found: ${found.length} of ${faces.length} (${share(found.length, faces.length)})`);
const mean = (f: (one: (typeof found)[number]) => number): string =>
  (found.reduce((sum, one) => sum + f(one), 0) / found.length / FACE).toFixed(3);
console.log(
  `boxes, in sides of the face: ${mean(({ box }) => box.width)} × ${mean(({ box }) => box.height)}`,
);
console.log(`their middle below the face's: ${mean(({ box }) => box.y + box.height / 2 - CANVAS / 2)}`);
const right = (labels: readonly string[]): number =>
  labels.filter((label, k) => label === found[k]?.label).length;
console.log(
  `accuracy of the faces as they are: ${share(right(await answers(found.map(({ face }) => face))), found.length)}`,
);
for (const side of [0.8, 0.9, 1, 1.1, 1.2, 1.35]) {
  const row = [];
  for (const down of [-0.2, -0.15, -0.1, -0.05, 0]) {
    const crops = found.map(({ canvas, box }) => faceCrop(canvas, { box }, architecture, { side, down }));
    row.push(`${down}: ${share(right(await answers(crops)), found.length)}`);
  }
  console.log(`side ${side}  down ${row.join("  ")}`);
}
await engine.close();
