/** `vultus compare`: two models, or one and a baseline, on the same pictures, and whether they differ by more than chance. */

import { Command } from "commander";
import { channelNote } from "../../data/canvas.ts";
import { checkComparable, compareBundles, compareWithAnswers } from "../../evaluate/compare.node.ts";
import type { Bundle } from "../../program/decode-bundle.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { writeComparison } from "../../report/comparison.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { baselines, isBaseline, majorityAnswers, trainedBaseline } from "../baselines.ts";
import { comparisonJson, comparisonText } from "../comparison.ts";
import { chooseDevice } from "../device.ts";
import { type LabelledOptions, readLabelled, withLabelled } from "../labelled-pictures.ts";
import { type SetExitCode, withDevice } from "../options.ts";
import { liveLine, result, resultJson, say } from "../output.ts";

interface Options extends LabelledOptions {
  readonly weights?: string;
  readonly device: string;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function compareCommand(setExitCode: SetExitCode): Command {
  return withDevice(withLabelled(new Command("compare")))
    .description("compare two models on the same pictures, or one with a baseline, with intervals and a test")
    .argument(
      "<a>",
      "run folder, a file that a run or an export wrote (.onnx, .safetensors, .pth), vultus_m or vultus_s",
    )
    .argument("<b>", `another one, of the same classes, or ${Object.keys(baselines).join(", ")}`)
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .option("--weights <what>", "where base and linear-probe start: imagenet, a file, or none, as for train")
    .option("--out <dir>", "also write only-a.png and only-b.png there: what one alone gets right")
    .option("--json", "print JSON")
    .addHelpText("after", `\nBaselines:\n${baselineLines()}`)
    .action(async (modelA: string, b: string, data: string[], options: Options) => {
      const a = loadBundle(modelA);
      const other = isBaseline(b) ? b : loadBundle(b);
      const baseline = typeof other === "string" ? other : undefined;
      const models: [Bundle, ...Bundle[]] = typeof other === "string" ? [a] : [a, other];
      for (const model of models) checkComparable(a, model);
      const device = chooseDevice(options);
      const labelled = await readLabelled(data, models, options);
      const { dataset, split, pixels } = labelled;
      if (pixels.unreadable.length > 0) setExitCode(1);
      const notes = models.flatMap(({ architecture }) => channelNote(pixels, architecture.network) ?? []);
      for (const note of new Set(notes)) say(note);
      const engine = startEngine(device);
      try {
        const onBatch = (done: number): void => liveLine(`scoring ${done} of ${2 * pixels.samples.length}`);
        const compared =
          other === "majority"
            ? await compareWithAnswers(engine, a, pixels, majorityAnswers(labelled), onBatch)
            : await compareBundles(
                engine,
                a,
                typeof other === "string"
                  ? await trainedBaseline(other, modelA, dataset, options, device)
                  : other,
                pixels,
                onBatch,
              );
        if (options.out)
          for (const path of await writeComparison(options.out, compared, pixels)) say(`wrote ${path}`);
        if (options.json)
          resultJson({ ...comparisonJson(compared, split), ...(baseline ? { baseline } : {}) });
        else {
          const meaning = baseline ? `B is ${baseline}: ${baselines[baseline]}\n` : "";
          result(`${meaning}${comparisonText(compared, split)}`);
        }
      } finally {
        pixels.close();
        await engine.close();
      }
    });
}

function baselineLines(): string {
  const scratch = "train one with --weights none and name its folder";
  return Object.entries({ ...baselines, "from scratch": scratch })
    .map(([name, meaning]) => `  ${name.padEnd(14)} ${meaning}`)
    .join("\n");
}
