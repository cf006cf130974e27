/** `vultus compare`: two models on the same labelled pictures, and whether they differ by more than chance. */

import { Command } from "commander";
import { channelNote } from "../../data/canvas.ts";
import { checkComparable, compareBundles } from "../../evaluate/compare.node.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { writeComparison } from "../../report/comparison.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { comparisonJson, comparisonText } from "../comparison.ts";
import { chooseDevice } from "../device.ts";
import { type LabelledOptions, readLabelled, withLabelled } from "../labelled-pictures.ts";
import { type SetExitCode, withDevice } from "../options.ts";
import { liveLine, result, resultJson, say } from "../output.ts";

interface Options extends LabelledOptions {
  readonly device: string;
  readonly threads?: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function compareCommand(setExitCode: SetExitCode): Command {
  return withDevice(withLabelled(new Command("compare")))
    .description("compare two models on the same pictures, with intervals and a test")
    .argument("<a>", "run folder, or a file that a run or an export wrote (.onnx, .safetensors, .pth)")
    .argument("<b>", "another one, of the same classes")
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .option("--out <dir>", "also write only-a.png and only-b.png there: what one alone gets right")
    .option("--json", "print JSON")
    .action(async (modelA: string, modelB: string, data: string[], options: Options) => {
      const [a, b] = [loadBundle(modelA), loadBundle(modelB)];
      checkComparable(a, b);
      const { device, threads } = chooseDevice(options);
      const { split, pixels } = await readLabelled(data, a.architecture.classes, options);
      if (pixels.unreadable.length > 0) setExitCode(1);
      const notes = [a, b].flatMap(({ architecture }) => channelNote(pixels, architecture) ?? []);
      for (const note of new Set(notes)) say(note);
      const engine = startEngine({ device, threads });
      try {
        const compared = await compareBundles(engine, a, b, pixels, (done) =>
          liveLine(`scoring ${done} of ${2 * pixels.samples.length}`),
        );
        if (options.out)
          for (const path of await writeComparison(options.out, compared, pixels)) say(`wrote ${path}`);
        if (options.json) resultJson(comparisonJson(compared, split));
        else result(comparisonText(compared, split));
      } finally {
        pixels.close();
        await engine.close();
      }
    });
}
