/** `vultus predict`: six probabilities for every face. */

import { Command, Option } from "commander";
import { csvCell, csvRow } from "../../formats/csv.ts";
import { type Prediction, predictCrops } from "../../predict/predictor.node.ts";
import { loadBundle } from "../../program/read-bundle.node.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { UsageError } from "../../util/errors.ts";
import { chooseDevice } from "../device.ts";
import { type SetExitCode, withDevice } from "../options.ts";
import { result, resultJson, say } from "../output.ts";

interface Options {
  readonly model?: string;
  readonly detect: boolean;
  readonly device: string;
  readonly threads?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

export function predictCommand(setExitCode: SetExitCode): Command {
  return withDevice(new Command("predict"))
    .description("recognise the expression of faces")
    .argument("<pictures...>", "picture files")
    .addOption(
      new Option(
        "--model <path>",
        "run folder, or a file that a run or an export wrote (.onnx, .safetensors, .pth)",
      ).makeOptionMandatory(),
    )
    .option("--no-detect", "take every picture as one face crop")
    .option("--json", "print JSON")
    .option("--csv", "print CSV")
    .action(async (files: string[], options: Options) => {
      if (options.detect)
        throw new UsageError("finding faces in photos is not built yet; give face crops and --no-detect");
      const bundle = loadBundle(options.model as string);
      const { device, threads } = chooseDevice(options);
      const engine = startEngine({ device, threads });
      try {
        const predictions: Prediction[] = [];
        for await (const prediction of predictCrops(engine, bundle, files)) {
          predictions.push(prediction);
          if (prediction.status !== "ok") {
            say(`${prediction.file}: ${prediction.reason}`);
            setExitCode(1);
          }
        }
        const { classes } = bundle.architecture;
        if (options.json) resultJson(predictions);
        else
          result(options.csv ? predictionCsv(predictions, classes) : predictionTable(predictions, classes));
      } finally {
        await engine.close();
      }
    });
}

/** One line a face: its label and all probabilities. */
export function predictionTable(predictions: readonly Prediction[], classes: readonly string[]): string {
  const name = Math.max(4, ...predictions.map(({ file }) => file.length));
  const width = Math.max(8, ...classes.map((label) => label.length)) + 2;
  const header = `${"file".padEnd(name)}  ${"label".padEnd(width)}${classes.map((label) => label.padStart(width)).join("")}`;
  const lines = predictions.flatMap(({ file, status, faces }) =>
    faces.length === 0
      ? [`${file.padEnd(name)}  ${status}`]
      : faces.map(
          ({ label, probabilities }) =>
            `${file.padEnd(name)}  ${label.padEnd(width)}${classes.map((c) => (probabilities[c] ?? 0).toFixed(4).padStart(width)).join("")}`,
        ),
  );
  return [header, ...lines].join("\n");
}

/** The same as CSV, quoted where a name needs it. */
export function predictionCsv(predictions: readonly Prediction[], classes: readonly string[]): string {
  const header = csvRow(["file", "status", "x", "y", "width", "height", "label", ...classes]);
  const lines = predictions.flatMap(({ file, status, faces }) =>
    faces.length === 0
      ? [[csvCell(file), status, "", "", "", "", "", ...classes.map(() => "")].join(",")]
      : faces.map(({ box, label, probabilities }) =>
          [
            csvCell(file),
            status,
            box.x,
            box.y,
            box.width,
            box.height,
            csvCell(label),
            ...classes.map((c) => (probabilities[c] ?? 0).toFixed(6)),
          ].join(","),
        ),
  );
  return [header, ...lines].join("\n");
}
