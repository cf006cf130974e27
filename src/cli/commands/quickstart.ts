/** `vultus quickstart`: the whole main job on drawn faces, in a minute or two. */

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { readDataset } from "../../data/read.node.ts";
import { writeSyntheticFaces } from "../../data/synthetic.node.ts";
import { loadModel, predictFiles } from "../../predict/model.node.ts";
import { resolveRecipe } from "../../train/override.ts";
import { VultusError } from "../../util/errors.ts";
import { chooseDevice } from "../device.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { duration, percent, result, resultJson, say } from "../output.ts";
import { tableFormat, written } from "../predictions.ts";
import { runTraining } from "../training.ts";

/** Faces of each class: enough to learn from in a minute, and to measure to a few percent. */
const PER_CLASS = 400;
const VALIDATION_PER_CLASS = 120;

interface Options {
  readonly seed: number;
  readonly out: string;
  readonly device: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function quickstartCommand(setExitCode: SetExitCode): Command {
  return withDevice(new Command("quickstart"))
    .description(
      "draw faces, fine-tune a shipped model on them, measure the result and predict: everything in a minute or two",
    )
    .option("--seed <n>", "seed of the faces and of the training", numberOf(0, 2 ** 31, true), 0)
    .option("--out <dir>", "folder of the faces and the run", join("runs", "quickstart"))
    .option("--json", "print the result as JSON")
    .action(async ({ seed, out, json, ...options }: Options) => {
      const started = performance.now();
      const folder = freeFolder(out);
      const faces = join(folder, "faces");
      await writeSyntheticFaces(faces, {
        perClass: PER_CLASS,
        validationPerClass: VALIDATION_PER_CLASS,
        seed,
      });
      say(
        `drew ${6 * (PER_CLASS + VALIDATION_PER_CLASS)} faces into ${faces} in ${duration((performance.now() - started) / 1000)}`,
      );

      const dataset = await readDataset([faces]);
      const recipe = resolveRecipe("quickstart", [`seed=${seed}`]);
      const device = chooseDevice({ ...options, precision: "auto" });
      const training = {
        weights: "vultus",
        cacheFeatures: "auto",
        memory: 1,
        checkpointEvery: 60,
        allowUnreadable: false,
      } as const;
      const run = join(folder, "run");
      const outcome = await runTraining({
        dataset,
        recipe,
        options: { ...training, ...(json ? { json } : {}) },
        device,
        folder: run,
      });
      if (outcome.interrupted || !outcome.evaluation) {
        setExitCode(1);
        return;
      }
      const frozen = outcome.phases[0]?.best ?? 0;
      const accuracy = outcome.evaluation.scores.accuracy;
      say(`the head alone reached ${percent(frozen)}, everything together ${percent(accuracy)}`);
      if (json) return resultJson({ ...outcome.json, accuracy, frozen });

      const examples = dataset.classes.map((name) => {
        const dir = join(faces, "validation", name);
        const first = readdirSync(dir).sort()[0];
        if (!first) throw new VultusError(`${dir} is empty`);
        return join(dir, first);
      });
      const model = await loadModel(run, { ...device, detector: false });
      try {
        const predictions = [];
        for await (const prediction of predictFiles(model, examples)) predictions.push(prediction);
        const format = tableFormat(model.classes, Math.max(...examples.map((file) => file.length)));
        result(`\n${written(format, predictions)}`);
      } finally {
        await model.close();
      }
      say(
        `all in ${duration((performance.now() - started) / 1000)}. Next: vultus predict <faces…> --no-detect --model ${run}`,
      );
    });
}

/** `out`, or `out-2`, `out-3`, … where it is in use. */
function freeFolder(out: string): string {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? out : `${out}-${number}`;
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length === 0) return folder;
  }
}
