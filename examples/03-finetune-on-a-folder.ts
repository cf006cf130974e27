/** A folder of pictures becomes a classifier: trained once from nothing, then fine-tuned on another folder from those weights. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  classificationReport,
  describe,
  evaluateBundle,
  loadBundle,
  loadWeights,
  readDataset,
  recipeArchitecture,
  resolveRecipe,
  type StateDict,
  train,
  writeSyntheticFaces,
} from "vultus";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));

/** Trains vultus_s on a folder of classes and prints an epoch a line; returns the run folder. */
async function run(
  name: string,
  data: string,
  recipeName: string,
  settings: string[],
  weightsFile?: string,
): Promise<string> {
  const dataset = await readDataset([data]);
  const recipe = resolveRecipe(recipeName, ["model=vultus_s", ...settings]);
  const architecture = recipeArchitecture(recipe, dataset.classes);
  const weights: StateDict = weightsFile
    ? loadWeights(weightsFile, architecture, describe(architecture)).weights
    : new Map();
  const out = join(folder, name);
  const trained = await train({
    dataset,
    architecture,
    recipe,
    weights,
    folder: out,
    resume: false,
    version: "example",
    device: "cpu",
    threads: 2,
    precision: "fp32",
    cacheFeatures: true,
    memoryBudget: 1e9,
    allowUnreadable: false,
    checkpointEvery: 300,
    signal: new AbortController().signal,
    listeners: [
      {
        epochEnd: ({ record: { phase, epoch, trainLoss, validationAccuracy } }) =>
          console.log(
            `${name}: ${phase} ${epoch}  loss ${trainLoss.toFixed(3)}  validation ${(100 * validationAccuracy).toFixed(1)} %`,
          ),
      },
    ],
  });
  const { matrix, classes } = await evaluateBundle(trained.engine, loadBundle(out), trained.validation);
  console.log(classificationReport(matrix, classes));
  trained.validation.close();
  await trained.engine.close();
  return out;
}

try {
  const [many, few] = [join(folder, "many"), join(folder, "few")];
  await writeSyntheticFaces(many, { perClass: 150, validationPerClass: 20, seed: 1 });
  await writeSyntheticFaces(few, { perClass: 30, validationPerClass: 20, seed: 2 });
  const first = await run("from nothing", many, "scratch", [
    "phases.all.epochs=5",
    "batchSize=32",
    "inputSize=48",
  ]);
  await run(
    "fine-tuned",
    few,
    "finetune",
    ["phases.head.epochs=1", "phases.all.epochs=2", "batchSize=32", "inputSize=48"],
    join(first, "best.safetensors"),
  );
  console.log(`classes of the model: ${loadBundle(first).architecture.classes.join(", ")}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
