/** A folder of images becomes a classifier: trained from nothing, then fine-tuned on another folder from those weights. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TrainEvent, train, writeSyntheticFaces } from "vultus";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
const common = { model: "vultus_s", inputSize: 48, batchSize: 32, device: "cpu", onEvent: print } as const;

function print(event: TrainEvent): void {
  if (event.type !== "epochEnd") return;
  const { phase, epoch, trainLoss, validationAccuracy } = event.record;
  const share = (100 * validationAccuracy).toFixed(1);
  console.log(`${phase} ${epoch}: loss ${trainLoss.toFixed(3)}, ${share} % right on validation`);
}

try {
  const [many, few] = [join(folder, "many"), join(folder, "few")];
  await writeSyntheticFaces(many, { perClass: 150, validationPerClass: 20, seed: 1 });
  await writeSyntheticFaces(few, { perClass: 30, validationPerClass: 20, seed: 2 });
  const first = await train({
    ...common,
    data: many,
    out: join(folder, "from nothing"),
    recipe: "scratch",
    overrides: { "phases.all.epochs": 5 },
  });
  const second = await train({
    ...common,
    data: few,
    out: join(folder, "fine-tuned"),
    recipe: "finetune",
    weights: join(first.folder, "best.safetensors"),
    overrides: { "phases.head.epochs": 1, "phases.all.epochs": 2 },
  });
  for (const run of [first, second]) {
    if (run.interrupted) throw new Error("nobody stopped it");
    const { accuracy, interval, split } = run.evaluation;
    const [low, high] = interval.map((share) => (100 * share).toFixed(1));
    console.log(`${run.folder}: ${(100 * accuracy).toFixed(1)} % (${low} to ${high}) on ${split}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
