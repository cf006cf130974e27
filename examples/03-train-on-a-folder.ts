/** Trains a classifier on a folder of images: fine-tunes a model that ships, measures it, and tries it on a face. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, predict, train, writeSyntheticFaces } from "vultus";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  const faces = join(folder, "faces");
  await writeSyntheticFaces(faces, { perClass: 100, validationPerClass: 30, seed: 1 });
  const run = await train({
    data: faces,
    out: join(folder, "run"),
    recipe: "quickstart",
    weights: "vultus",
    overrides: { "phases.1.epochs": 3 },
    onEvent(event) {
      if (event.type !== "epochEnd") return;
      const { phase, epoch, trainLoss, validationAccuracy } = event.record;
      const share = (100 * validationAccuracy).toFixed(1);
      console.log(`${phase} ${epoch}: loss ${trainLoss.toFixed(3)}, ${share} % right on validation`);
    },
  });
  if (run.interrupted) throw new Error("nobody stopped it");
  const { accuracy, interval, split } = run.evaluation;
  const [low, high] = interval.map((share) => (100 * share).toFixed(1));
  console.log(
    `${(100 * accuracy).toFixed(1)} % (95 % interval ${low} to ${high}) on ${split}; ${run.report}`,
  );

  await using model = await loadModel({ model: run.folder, detector: false });
  const { faces: found } = await predict(model, join(faces, "validation", "happy", "0001.png"));
  console.log("a happy face is taken for", found[0]?.label);
  if (accuracy < 0.5) throw new Error("it learned too little");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
