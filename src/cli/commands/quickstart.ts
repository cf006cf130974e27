/** `vultus quickstart`: runs the whole workflow on drawn faces in a minute or two. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { expressions } from "../../data/synthetic-expression.ts";
import type { DeviceOptions } from "../../jobs/device.ts";
import { VultusError } from "../../util/errors.ts";
import { makeFolder } from "../../util/files.node.ts";
import { endCard } from "../end-card.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { duration, liveLine, percent, result, resultJson, say } from "../output.ts";
import { runTraining, trainingJson } from "../training.ts";
import { trainingCard } from "../training-card.ts";

/** Faces per class: enough to learn from in a minute, and to measure accuracy to a few percent. */
const PER_CLASS = 400;
const VALIDATION_PER_CLASS = 120;

interface Options extends DeviceOptions {
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

export function quickstartCommand(setExitCode: SetExitCode): Command {
  return withDevice(new Command("quickstart"))
    .description(
      "draw faces, fine-tune a shipped model on them, measure the result and predict, all in a minute or two",
    )
    .option("--seed <n>", "seed of the faces and of the training", numberOf(0, 2 ** 31, true), 0)
    .option("--out <dir>", "folder for the faces and the run", join("runs", "quickstart"))
    .option("--json", "print the result as JSON")
    .action(async ({ seed, out, json, ...options }: Options) => {
      const started = performance.now();
      const folder = freeFolder(out);
      const faces = join(folder, "faces");
      const total = expressions.length * (PER_CLASS + VALIDATION_PER_CLASS);
      say(`drawing ${total} faces into ${faces}…`);
      const { writeSyntheticFaces } = await import("../../data/synthetic.node.ts");
      await writeSyntheticFaces(
        faces,
        { perClass: PER_CLASS, validationPerClass: VALIDATION_PER_CLASS, seed },
        (done) => liveLine(`drawing faces: ${done} of ${total}`),
      );
      say(`drawn in ${duration((performance.now() - started) / 1000)}`);

      const run = join(folder, "run");
      const outcome = await runTraining({
        ...options,
        data: faces,
        out: run,
        recipe: "quickstart",
        seed,
        weights: "vultus",
        memory: 1,
        checkpointEvery: 60,
      });
      if (outcome.interrupted) {
        setExitCode(1);
        return;
      }
      const frozen = outcome.phases[0]?.best ?? 0;
      const { accuracy } = outcome.evaluation;
      const card = trainingCard(outcome, [faces], `head alone: ${percent(frozen)}`);
      if (json) {
        say(endCard(card, process.stderr));
        return resultJson({ ...trainingJson(outcome), accuracy, frozen });
      }

      const examples = outcome.classes.map((name) => {
        const dir = join(faces, "validation", name);
        const first = readdirSync(dir).sort()[0];
        if (!first) throw new VultusError(`${dir} is empty`);
        return join(dir, first);
      });
      const { loadModel, predictFiles } = await import("../../predict/model.node.ts");
      const model = await loadModel({ ...options, model: run, detector: false });
      try {
        const labels: (string | null | undefined)[] = [];
        for await (const { faces: found } of predictFiles(model, examples)) labels.push(found[0]?.label);
        const right = labels.filter((label, i) => label === outcome.classes[i]).length;
        say(`tried on one validation face per class: ${right} of ${examples.length} right`);
      } finally {
        await model.close();
      }
      say(`all in ${duration((performance.now() - started) / 1000)}`);
      result(endCard(card));
    });
}

/** Returns `out`, or `out-2`, `out-3`, … if it is in use. */
function freeFolder(out: string): string {
  for (let number = 1; ; number++) {
    const folder = number === 1 ? out : `${out}-${number}`;
    makeFolder(folder);
    if (readdirSync(folder).length === 0) return folder;
  }
}
