/** Finds, crops and classifies the faces in a photo. The photo is drawn, and the classifier is not trained yet. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  backboneNamed,
  classifierMetadata,
  compileBundle,
  describe,
  detectFaces,
  drawFace,
  loadModel,
  predict,
  random,
  withNewWeights,
} from "vultus";

/** Three drawn faces, enlarged, side by side on a grey ground. */
function photo() {
  const [width, height, zoom] = [640, 240, 3];
  const rng = random("photo");
  const pixels = Uint8Array.from({ length: width * height }, () => 110 + 8 * rng.next());
  const drawn = [
    ["neutral", 3],
    ["happy", 14],
    ["surprise", 5],
  ] as const;
  for (const [i, [expression, key]] of drawn.entries()) {
    const face = drawFace(expression, "composites", key);
    for (let y = 0; y < face.height * zoom; y++) {
      for (let x = 0; x < face.width * zoom; x++) {
        const [u, v] = [x / (face.width * zoom) - 0.5, y / (face.height * zoom) - 0.5];
        if (Math.hypot(u, v) > 0.5) continue;
        const from = Math.floor(y / zoom) * face.width + Math.floor(x / zoom);
        pixels[(48 + y) * width + 40 + 200 * i + x] = face.pixels[from] ?? 0;
      }
    }
  }
  return { pixels, width, height, channels: 1 } as const;
}

const picture = photo();
const found = await detectFaces(picture);
for (const { box, score } of found)
  console.log(
    `a face at ${box.x.toFixed(0)}, ${box.y.toFixed(0)}, ${box.width.toFixed(0)} px wide, score ${score.toFixed(2)}`,
  );

// Random weights stand in for a training here; `loadModel()` without a path loads the model that ships.
const architecture = {
  backbone: backboneNamed("vultus_s"),
  head: "linear",
  classes: ["happy", "neutral", "surprise"],
  dropout: 0,
  inputSize: 48,
  resize: 1,
} as const;
const weights = withNewWeights(describe(architecture).specs, new Map(), 1);
const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  const file = join(folder, "model.onnx");
  const metadata = classifierMetadata(architecture);
  writeFileSync(file, compileBundle({ architecture, weights, metadata }).model);
  const model = await loadModel(file, { threads: 2 });
  const { status, faces } = await predict(model, picture, { threshold: 0.5 });
  for (const { label, probabilities } of faces) console.log(label ?? "not sure", probabilities);
  await model.close();
  if (status !== "ok" || faces.length !== found.length)
    throw new Error(`${found.length} faces were found, ${faces.length} of them classified`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
