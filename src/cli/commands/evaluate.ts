/** `vultus evaluate`: scores a model on a folder of labelled pictures. */

import { Command } from "commander";
import { channelNote } from "../../data/canvas.ts";
import { evaluateBundle } from "../../evaluate/evaluate.node.ts";
import { MINIMUM_GROUP } from "../../metrics/subgroups.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { writeEvaluation } from "../../report/evaluation.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { temperatureOf } from "../../weights/classifier-file.ts";
import { chooseDevice } from "../device.ts";
import { evaluationJson, evaluationText } from "../evaluation.ts";
import { type LabelledOptions, leaksIn, readLabelled, withLabelled } from "../labelled-pictures.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { liveLine, result, resultJson, say } from "../output.ts";
import { checkColumn, scoresBy, subgroupText } from "../subgroups.ts";

interface Options extends LabelledOptions {
  readonly device: string;
  readonly threads?: number;
  readonly out?: string;
  readonly leaks: boolean;
  readonly subgroup?: string;
  readonly subgroupMinimum: number;
  readonly json?: boolean;
}

export function evaluateCommand(setExitCode: SetExitCode): Command {
  return withDevice(withLabelled(new Command("evaluate")))
    .description("score a model: classification report, confusion matrix, intervals, calibration")
    .argument("<model>", "run folder, or a file that a run or an export wrote (.onnx, .safetensors, .pth)")
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .option("--out <dir>", "also write confusion.png and samples.png there")
    .option(
      "--subgroup <column>",
      "also score each group of a manifest's column apart, such as age or camera",
    )
    .option(
      "--subgroup-minimum <n>",
      "pictures that a group needs to be scored",
      numberOf(1, 1e9, true),
      MINIMUM_GROUP,
    )
    .option(
      "--no-leaks",
      "do not read the data's training pictures to see which of the scored ones are among them",
    )
    .option("--json", "print JSON")
    .action(async (model: string, data: string[], options: Options) => {
      const bundle = loadBundle(model);
      const { architecture, metadata } = bundle;
      const { device, threads } = chooseDevice(options);
      const { dataset, split, pixels } = await readLabelled(data, architecture.classes, options);
      if (pixels.unreadable.length > 0) setExitCode(1);
      if (options.subgroup) checkColumn(options.subgroup, pixels.samples);
      const note = channelNote(pixels, architecture);
      if (note) say(note);
      // A run fits its temperature on its validation pictures, and its bundle knows which data they were of.
      const fittedHere =
        split === "validation" &&
        metadata.data_fingerprint === dataset.fingerprint &&
        temperatureOf(metadata, bundle.path) !== 1;
      const engine = startEngine({ device, threads });
      try {
        const scored = await evaluateBundle(engine, bundle, pixels, {
          fittedHere,
          onBatch: (done) => liveLine(`scoring ${done} of ${pixels.samples.length}`),
        });
        const leaks = options.leaks ? await leaksIn(dataset, split, pixels, scored) : {};
        const evaluated = { ...scored, ...leaks };
        if (options.out)
          for (const path of await writeEvaluation(options.out, evaluated, pixels)) say(`wrote ${path}`);
        const subgroups = options.subgroup
          ? scoresBy(options.subgroup, options.subgroupMinimum, pixels, evaluated)
          : undefined;
        if (options.json)
          resultJson({ ...evaluationJson(evaluated, split), ...(subgroups && { subgroups }) });
        else {
          result(evaluationText(evaluated, split));
          if (subgroups) result(`\n${subgroupText(subgroups)}`);
        }
      } finally {
        pixels.close();
        await engine.close();
      }
    });
}
