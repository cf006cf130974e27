/** `vultus data soften`: soft labels for training pictures, from what trained models answer; written as a manifest. */

import { tmpdir } from "node:os";
import { Command } from "commander";
import { loadPixels } from "../../data/pixel-cache.node.ts";
import { readDataset } from "../../data/read.node.ts";
import { checkComparable } from "../../evaluate/compare.node.ts";
import { LARGEST_SIDE } from "../../evaluate/evaluate.node.ts";
import { softened, teachersAnswers } from "../../evaluate/teachers.node.ts";
import { argmaxRows } from "../../metrics/probabilities.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { UsageError } from "../../util/errors.ts";
import { chooseDevice } from "../device.ts";
import { newManifest } from "../manifest.ts";
import { listOf, numberOf, type SetExitCode, withDevice } from "../options.ts";
import { clearLine, liveLine, percent, result, resultJson, say } from "../output.ts";

interface Options {
  readonly by: string[];
  readonly share: number;
  readonly out: string;
  readonly exclude?: string;
  readonly memory: number;
  readonly allowUnreadable: boolean;
  readonly device: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function softenCommand(setExitCode: SetExitCode): Command {
  return withDevice(new Command("soften"))
    .description(
      "give training pictures soft labels, blended from their labels and what trained models answer",
    )
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .requiredOption("--by <a,b,…>", "the models: run folders, files, or names of models that ship", listOf)
    .requiredOption("--out <file>", "the manifest, a CSV file that train reads")
    .option("--share <share>", "how much of a soft label the models have", numberOf(0, 0.5), 0.5)
    .option("--exclude <file>", "pictures to leave out, one id per line, as data audit --out writes them")
    .option("--allow-unreadable", "go on where more than 1 % of the pictures cannot be read", false)
    .option("--memory <GB>", "memory for decoded pictures", numberOf(0.1, 1000), 2)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nOnly training pictures get soft labels. Train on them with --set labelSmoothing=0: they are smooth already.",
    )
    .action(async (data: string[], options: Options) => {
      const manifest = newManifest(options.out);
      const teachers = options.by.map((model) => loadBundle(model));
      const [first] = teachers;
      if (!first) throw new UsageError("--by names no model; give run folders or files, separated by commas");
      for (const teacher of teachers) checkComparable(first, teacher);
      const { classes } = first.architecture;
      const { exclude, allowUnreadable, memory, share } = options;
      const dataset = await readDataset(data, { classes, allowMissing: true, exclude });
      for (const note of dataset.notes) say(note);
      manifest.check(dataset);
      const training = dataset.samples.filter(({ split }) => split === "train");
      if (training.length === 0) throw new UsageError("there are no training pictures in this data");

      const pixels = await loadPixels(training, {
        maxSide: LARGEST_SIDE,
        memoryBudget: memory * 1e9,
        spillDir: tmpdir(),
        allowUnreadable,
        onProgress: (done, total) => liveLine(`reading ${done} of ${total}`),
      });
      const engine = startEngine(chooseDevice(options));
      try {
        const answers = await teachersAnswers(engine, teachers, pixels, (done, total) =>
          liveLine(`pass ${done} of ${total}`),
        );
        const soft = softened(pixels.samples, answers, classes.length, share);
        const others = dataset.samples.filter(({ split }) => split !== "train");
        manifest.write({ ...dataset, classes, samples: [...soft, ...others] });
        clearLine();

        const answered = argmaxRows(answers, classes.length);
        const agreement = soft.filter(({ label }, n) => answered[n] === label).length / soft.length;
        const summary = {
          manifest: options.out,
          models: options.by,
          share,
          softened: soft.length,
          agreement,
        };
        if (options.json) resultJson(summary);
        else result(`${soft.length} soft labels; the models agree with ${percent(agreement)} of the labels`);
        for (const { id, reason } of pixels.unreadable) say(`left out: ${id}: ${reason}`);
        if (pixels.unreadable.length > 0) setExitCode(1);
        say(`wrote ${options.out}`);
      } finally {
        pixels.close();
        await engine.close();
      }
    });
}
