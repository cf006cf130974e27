/** `vultus evaluate`: scores a model on a folder of labelled pictures. */

import { tmpdir } from "node:os";
import { Command } from "commander";
import { channelNote } from "../../data/canvas.ts";
import type { Sample, Split } from "../../data/dataset.ts";
import { loadPixels } from "../../data/pixel-cache.node.ts";
import { readDataset } from "../../data/read.node.ts";
import { evaluateBundle, LARGEST_SIDE } from "../../evaluate/evaluate.node.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { writeEvaluation } from "../../report/evaluation.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { UsageError } from "../../util/errors.ts";
import { chooseDevice } from "../device.ts";
import { evaluationJson, evaluationText } from "../evaluation.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { liveLine, result, resultJson, say } from "../output.ts";

interface Options {
  readonly split?: Split | "all";
  readonly device: string;
  readonly threads?: number;
  readonly allowUnreadable: boolean;
  readonly memory: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function evaluateCommand(setExitCode: SetExitCode): Command {
  return withDevice(new Command("evaluate"))
    .description("score a model: classification report, confusion matrix, intervals")
    .argument("<model>", "run folder, or a file that a run or an export wrote (.onnx, .safetensors, .pth)")
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .option(
      "--split <name>",
      "train, validation, test or all (default: validation where there is one, else all)",
    )
    .option("--allow-unreadable", "go on where more than 1 % of the pictures cannot be read", false)
    .option("--memory <GB>", "memory for decoded pictures", numberOf(0.1, 1000), 2)
    .option("--out <dir>", "also write confusion.png and samples.png there")
    .option("--json", "print JSON")
    .action(async (model: string, data: string[], options: Options) => {
      const bundle = loadBundle(model);
      const { architecture } = bundle;
      const dataset = await readDataset(data, { classes: architecture.classes, allowMissing: true });
      for (const note of dataset.notes) say(note);
      const { samples, split } = choose(dataset.samples, options.split);
      const { device, threads } = chooseDevice(options);
      const pixels = await loadPixels(samples, {
        maxSide: LARGEST_SIDE,
        memoryBudget: options.memory * 1e9,
        spillDir: tmpdir(),
        allowUnreadable: options.allowUnreadable,
        onProgress: (done, total) => liveLine(`reading ${done} of ${total}`),
      });
      const note = channelNote(pixels, architecture);
      if (note) say(note);
      const engine = startEngine({ device, threads });
      try {
        const evaluated = await evaluateBundle(engine, bundle, pixels, (done) =>
          liveLine(`scoring ${done} of ${pixels.samples.length}`),
        );
        for (const { id, reason } of pixels.unreadable) say(`not scored: ${id}: ${reason}`);
        if (pixels.unreadable.length > 0) setExitCode(1);
        if (options.out)
          for (const path of await writeEvaluation(options.out, evaluated, pixels)) say(`wrote ${path}`);
        if (options.json) resultJson(evaluationJson(evaluated, split));
        else result(evaluationText(evaluated, split));
      } finally {
        pixels.close();
        await engine.close();
      }
    });
}

/** The samples of the asked split; without one, the validation pictures or else all. */
function choose(samples: readonly Sample[], asked: string | undefined): { samples: Sample[]; split: string } {
  const of = (split: string): Sample[] => samples.filter((sample) => sample.split === split);
  if (asked === "all") return { samples: [...samples], split: "all" };
  if (asked === undefined) {
    const validation = of("validation");
    return validation.length > 0
      ? { samples: validation, split: "validation" }
      : { samples: [...samples], split: "all" };
  }
  if (!["train", "validation", "test"].includes(asked))
    throw new UsageError(`--split ${asked}: valid are train, validation, test, all`);
  const chosen = of(asked);
  if (chosen.length === 0)
    throw new UsageError(`there are no ${asked} pictures in this data; leave --split out to score all`);
  return { samples: chosen, split: asked };
}
