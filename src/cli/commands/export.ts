/** `vultus export`: writes a trained classifier in other formats, and checks each file against the original model. */

import { resolve } from "node:path";
import { Command, Option } from "commander";
import { type Form, forms } from "../../export/export.node.ts";
import type { DeviceOptions } from "../../jobs/device.ts";
import { type ExportedFile, exportModel } from "../../jobs/export.ts";
import type { BundleInput } from "../../program/bundle.ts";
import { listOf, withDevice, withNaming, withPriorOption } from "../options.ts";
import { percent, result, resultAsIs, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends DeviceOptions {
  readonly to?: Form[];
  readonly out?: string;
  readonly triton?: string;
  readonly data: string[];
  readonly input: BundleInput;
  readonly weightBits: "auto" | "8" | "7";
  readonly license?: string;
  readonly prior?: string;
  readonly trainedPrior?: string;
  readonly rename?: Readonly<Record<string, string>>;
  readonly notAClass?: string[];
  readonly corrections?: string;
  readonly json?: boolean;
}

export function exportCommand(): Command {
  return withPriorOption(withNaming(withDevice(new Command("export"))), "the model's")
    .description("write a trained model in other formats, and check each file against the original")
    .argument("<model>", "run folder, file written by a run or an export, vultus_m or vultus_s")
    .option(
      "--to <forms>",
      `formats to write, separated by commas: ${Object.keys(forms).join(", ")} (default: bundle)`,
      listOf,
    )
    .option(
      "--out <dir>",
      "folder to write to; with --to web alone, the folder of the page itself (default: export/ in the run folder, or next to the file)",
    )
    .option(
      "--triton <dir>",
      "write the model into the Triton model repository in this folder, as --to triton does",
    )
    .option(
      "--data <dirs>",
      "images to check with, separated by commas (default: those that the run was trained on)",
      listOf,
      [],
    )
    .addOption(
      new Option(
        "--input <dtype>",
        "input of the .onnx formats: bytes [N, H, W, 3], or floats [N, 3, H, W] from 0 to 1",
      )
        .choices(["uint8", "float32"])
        .default("uint8"),
    )
    .addOption(
      new Option(
        "--weight-bits <n>",
        "bits of int8 weights: 8, 7 for x86 processors without VNNI, or whichever suits this machine",
      )
        .choices(["auto", "8", "7"])
        .default("auto"),
    )
    .option("--license <text>", "licence of the model, to write into its metadata")
    .option(
      "--trained-prior <shares>",
      "the shares of all classes in the training, such as happy=0.3,sad=0.7, if the model's file does not record them",
    )
    .option("--json", "print JSON")
    .action(async (model: string, { json, data, weightBits, ...options }: Options) => {
      const { files } = await exportModel({
        ...options,
        model,
        data: data.length > 0 ? data : undefined,
        weightBits: weightBits === "auto" ? "auto" : weightBits === "7" ? 7 : 8,
        onEvent: printer(),
      });
      if (json) resultJson({ files });
      else {
        result(table(files));
        const more = toPaste(files);
        if (more !== "") resultAsIs(more);
      }
    });
}

/** One line per file. */
function table(files: readonly ExportedFile[]): string {
  const width = Math.max(...files.map(({ path }) => path.length));
  const lines = files.map(
    ({
      path,
      bytes,
      maxProbabilityDifference,
      top1Agreement,
      picturesPerSecond,
      pictures,
      accuracy,
      trainedAccuracy,
      float,
    }) =>
      [
        `${path.padEnd(width)}  ${(bytes / 1e6).toFixed(2).padStart(8)} MB`,
        `same label ${percent(top1Agreement)}`,
        `largest difference ${maxProbabilityDifference.toExponential(1)}`,
        ...(accuracy === undefined
          ? []
          : [
              `accuracy ${percent(accuracy)} of ${pictures} images (trained ${percent(trainedAccuracy ?? 0)})`,
            ]),
        `${picturesPerSecond.toFixed(0)} images/s`,
        ...(float && float.length > 0 ? [`in float32: ${float.join(", ")}`] : []),
      ].join("  "),
  );
  return lines.join("\n");
}

/** Code and commands that load the files into PyTorch and Triton. */
function toPaste(files: readonly ExportedFile[]): string {
  const snippets = files.flatMap(({ path, pytorch }) =>
    pytorch === undefined ? [] : ["", `# ${path} in PyTorch:`, pytorch],
  );
  const repositories = files
    .filter(({ form }) => form === "triton")
    .map(({ path }) => `\ntritonserver --model-repository=${resolve(path, "../../..")}`);
  const sites = files
    .filter(({ form }) => form === "web")
    .map(
      ({ path }) =>
        `\n${path} is ready for any static host. To look at it: python3 -m http.server --directory ${path}`,
    );
  return [...snippets, ...repositories, ...sites].join("\n");
}
