/** `vultus evaluate`: scores a model on a folder of labelled pictures. */

import { Command } from "commander";
import { channelNote } from "../../data/canvas.ts";
import { evaluateBundle } from "../../evaluate/evaluate.node.ts";
import { measureTestTime } from "../../evaluate/test-time.node.ts";
import { MINIMUM_GROUP } from "../../metrics/subgroups.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { writeEvaluation } from "../../report/evaluation.ts";
import { writeRobustness } from "../../report/robustness.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { chooseDevice } from "../device.ts";
import { evaluationJson, evaluationText } from "../evaluation.ts";
import {
  isFittedOn,
  type LabelledOptions,
  leaksIn,
  readLabelled,
  withLabelled,
} from "../labelled-pictures.ts";
import { numberOf, type SetExitCode, withDevice } from "../options.ts";
import { liveLine, result, resultJson, say } from "../output.ts";
import { robustnessText, runRobustness, testTimeText } from "../robustness.ts";
import { checkColumn, scoresBy, subgroupText } from "../subgroups.ts";

interface Options extends LabelledOptions {
  readonly device: string;
  readonly threads?: number;
  readonly out?: string;
  readonly leaks: boolean;
  readonly subgroup?: string;
  readonly subgroupMinimum: number;
  readonly robustness?: boolean;
  readonly pictures: number;
  readonly tta?: boolean;
  readonly json?: boolean;
}

export function evaluateCommand(setExitCode: SetExitCode): Command {
  return withDevice(withLabelled(new Command("evaluate")))
    .description("score a model: classification report, confusion matrix, intervals, calibration")
    .argument(
      "<model>",
      "run folder, a file that a run or an export wrote (.onnx, .safetensors, .pth), vultus_m or vultus_s",
    )
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
    .option("--robustness", "also score spoilt pictures: light, orientation, occlusion, image quality")
    .option(
      "--pictures <n>",
      "how many pictures are spoilt, a sample of every class",
      numberOf(1, 1e9, true),
      1000,
    )
    .option("--tta", "also score test-time augmentation: flipped and shifted views, its gain and cost")
    .option("--json", "print JSON")
    .action(async (model: string, data: string[], options: Options) => {
      const bundle = loadBundle(model);
      const { architecture } = bundle;
      const { device, threads } = chooseDevice(options);
      const labelled = await readLabelled(data, [bundle], options);
      const { dataset, split, pixels } = labelled;
      if (pixels.unreadable.length > 0) setExitCode(1);
      if (options.subgroup) checkColumn(options.subgroup, pixels.samples);
      const note = channelNote(pixels, architecture.network);
      if (note) say(note);
      const engine = startEngine({ device, threads });
      try {
        const scored = await evaluateBundle(engine, bundle, pixels, {
          fittedHere: isFittedOn(bundle, labelled),
          onBatch: (done) => liveLine(`scoring ${done} of ${pixels.samples.length}`),
        });
        const leaks = options.leaks ? await leaksIn(dataset, split, pixels, scored) : {};
        const evaluated = { ...scored, ...leaks };
        if (options.out)
          for (const path of await writeEvaluation(options.out, evaluated, pixels)) say(`wrote ${path}`);
        const subgroups = options.subgroup
          ? scoresBy(options.subgroup, options.subgroupMinimum, pixels, evaluated)
          : undefined;
        const tta = options.tta
          ? await measureTestTime(engine, bundle, pixels, (done, total) =>
              liveLine(`test-time augmentation: view ${done + 1} of ${total}`),
            )
          : undefined;
        const robustness = options.robustness
          ? await runRobustness(engine, bundle, pixels, options.pictures)
          : undefined;
        if (options.out && robustness)
          for (const path of await writeRobustness(options.out, robustness)) say(`wrote ${path}`);
        if (options.json) {
          const json = evaluationJson(evaluated, split);
          resultJson({
            ...json,
            ...(subgroups && { subgroups }),
            ...(tta && { tta }),
            ...(robustness && { robustness }),
          });
        } else {
          const parts = [
            evaluationText(evaluated, split),
            ...(subgroups ? [subgroupText(subgroups)] : []),
            ...(tta ? [testTimeText(tta)] : []),
            ...(robustness ? [robustnessText(robustness)] : []),
          ];
          result(parts.join("\n\n"));
        }
      } finally {
        pixels.close();
        await engine.close();
      }
    });
}
