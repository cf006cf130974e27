/** `vultus data audit`: finds duplicates, leaks, near-duplicates, blank and damaged images, and class shares that drift. */

import { Command } from "commander";
import { audit, labelDefaults } from "../../jobs/audit.ts";
import type { DeviceOptions } from "../../jobs/device.ts";
import { UsageError } from "../../util/errors.ts";
import { auditCard } from "../audit-card.ts";
import { auditText } from "../audit-text.ts";
import { endCard } from "../end-card.ts";
import { listOf, numberOf, type SetExitCode, withDevice, withNaming } from "../options.ts";
import { result, resultJson, say } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends DeviceOptions {
  readonly classes?: string[];
  readonly rename?: Readonly<Record<string, string>>;
  readonly notAClass?: string[];
  readonly corrections?: string;
  readonly out?: string;
  readonly labels?: boolean;
  readonly weights?: string;
  readonly model: string;
  readonly folds: number;
  readonly seed: number;
  readonly memory: number;
  readonly json?: boolean;
}

export function auditCommand(setExitCode: SetExitCode): Command {
  return withNaming(withDevice(new Command("audit")))
    .description(
      "find duplicates, leaks between splits, near-duplicates, blank or damaged images, and class imbalance",
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .option("--classes <a,b,…>", "classes to use, in this order (default: all classes found)", listOf)
    .option(
      "--out <dir>",
      "also write audit.html (a report), audit.json (every group) and exclude.txt (images to leave out) to this folder",
    )
    .option("--labels", "also look for label errors, with a network that never saw the labels; takes minutes")
    .option(
      "--weights <file>",
      "for --labels: weights of the network (.safetensors, .pth, .onnx or a folder of these), for example ImageNet's",
    )
    .option("--model <name>", "for --labels: the backbone that the weights belong to", labelDefaults.model)
    .option(
      "--folds <n>",
      "for --labels: number of folds; each is judged by heads trained on the others",
      numberOf(2, 100, true),
      labelDefaults.folds,
    )
    .option(
      "--seed <n>",
      "for --labels: seed of the folds and the heads",
      numberOf(0, 2 ** 31, true),
      labelDefaults.seed,
    )
    .option(
      "--memory <GB>",
      "for --labels: memory for decoded images",
      numberOf(0.01, 1000),
      labelDefaults.memory,
    )
    .option("--json", "print JSON")
    .action(async (data: string[], options: Options) => {
      const { json, labels, weights, model, folds, seed, memory, ...rest } = options;
      if (labels && weights === undefined)
        throw new UsageError(
          "--labels needs --weights: a file of weights for --model that were not trained on these labels, for example ImageNet's",
        );
      say(`reading ${data.join(", ")}…`);
      const audited = await audit({
        ...rest,
        data,
        labels: labels && weights !== undefined ? { weights, model, folds, seed, memory } : undefined,
        onEvent: printer(setExitCode),
      });
      if (json) return resultJson(audited.summary);
      const card = auditCard(audited, { data, classes: rest.classes, out: rest.out });
      result(`${auditText(audited)}\n\n${endCard(card)}`);
    });
}
