/** `vultus export`: a trained classifier as files for other places, each checked against the run that it comes from. */

import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import { Command, Option } from "commander";
import type { Sample } from "../../data/dataset.ts";
import { loadPixels, type PixelCache } from "../../data/pixel-cache.node.ts";
import { readDataset } from "../../data/read.node.ts";
import { drawFace } from "../../data/synthetic.ts";
import { expressions } from "../../data/synthetic-expression.ts";
import { LARGEST_SIDE, labelsOf } from "../../evaluate/evaluate.node.ts";
import { inMemory, type Pictures } from "../../evaluate/run-bundle.ts";
import { type ExportedFile, exportClassifier, type Form, forms } from "../../export/export.node.ts";
import { fittingBits } from "../../export/int8.node.ts";
import { runProvenance } from "../../export/provenance.node.ts";
import { tritonName } from "../../export/triton.ts";
import type { BundleInput } from "../../program/bundle.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import { readEnvironment, runPaths } from "../../train/run-folder.node.ts";
import { UsageError } from "../../util/errors.ts";
import { didYouMean } from "../../util/nearest.ts";
import { random, shuffled } from "../../util/random.ts";
import { torchvisionSnippet } from "../../weights/canonical-names.ts";
import { classifierMetadata, provenanceOf } from "../../weights/classifier-file.ts";
import { type Classifier, loadClassifier } from "../../weights/load.node.ts";
import { chooseDevice } from "../device.ts";
import { asCutFor, type Judged } from "../labelled-pictures.ts";
import { listOf, withDevice } from "../options.ts";
import { percent, result, resultJson, say } from "../output.ts";

interface Options {
  readonly to?: string[];
  readonly out?: string;
  readonly triton?: string;
  readonly data: string[];
  readonly input: BundleInput;
  readonly weightBits: "auto" | "8" | "7";
  readonly license?: string;
  readonly device: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Pictures on which a file is compared with the trained model. */
const PICTURES = 1000;
/** Pictures that the int8 form takes its ranges from. */
const CALIBRATION = 256;
/** Bytes of either that are kept in memory. */
const MEMORY = 1e9;

export function exportCommand(): Command {
  return withDevice(new Command("export"))
    .description("write a trained model as files for other places, each checked against the run")
    .argument("<model>", "run folder, a file that a run or an export wrote, vultus_m or vultus_s")
    .option(
      "--to <forms>",
      `what to write, by commas: ${Object.keys(forms).join(", ")} (default: bundle)`,
      listOf,
    )
    .option("--out <dir>", "where (default: export/ in the run folder, or beside the file)")
    .option("--triton <dir>", "write the model into Triton's model repository there, as --to triton")
    .option(
      "--data <dirs>",
      "pictures to check with, by commas (default: those that the run was trained on)",
      listOf,
      [],
    )
    .addOption(
      new Option(
        "--input <dtype>",
        "what the .onnx forms take: bytes [N, H, W, 3], or floats [N, 3, H, W] from 0 to 1",
      )
        .choices(["uint8", "float32"])
        .default("uint8"),
    )
    .addOption(
      new Option(
        "--weight-bits <n>",
        "bits of int8 weights: 8, 7 for x86 processors without VNNI, or what fits here",
      )
        .choices(["auto", "8", "7"])
        .default("auto"),
    )
    .option("--license <text>", "licence of the model, written into its metadata")
    .option("--json", "print JSON")
    .action(async (model: string, options: Options) => {
      const named = options.to ?? (options.triton === undefined ? ["bundle"] : []);
      const wanted = named.map(formOf);
      if (options.triton !== undefined && !wanted.includes("triton")) wanted.push("triton");
      const classifier = loadClassifier(bestWeights(model));
      const isRun = existsSync(model) && statSync(model).isDirectory();
      const folder = options.out ?? join(isRun ? model : dirname(model), "export");
      const provenance = {
        ...provenanceOf(classifier.metadata, classifier.path),
        ...(isRun ? runProvenance(model) : {}),
        ...(options.license ? { license: options.license } : {}),
      };
      const weightBits = options.weightBits === "auto" ? fittingBits() : options.weightBits === "7" ? 7 : 8;
      if (wanted.includes("int8") && options.weightBits === "auto" && weightBits === 7)
        say("int8 weights of 7 bits: this processor has no VNNI, and 8-bit products would saturate");
      const { held, calibration, close } = await picturesFor(model, options.data, {
        ...classifier,
        // A run's own weights do not say of themselves how its splits were cut.
        metadata: classifierMetadata(classifier.architecture, provenance),
      });
      const engine = startEngine(chooseDevice(options));
      const files: ExportedFile[] = [];
      try {
        const exports = exportClassifier({
          classifier,
          provenance,
          forms: wanted,
          folder,
          triton: {
            repository: options.triton ?? join(folder, forms.triton),
            name: tritonName(isRun ? basename(resolve(model)) : basename(model, extname(model))),
          },
          input: options.input,
          engine,
          weightBits,
          held,
          calibration,
        });
        for await (const file of exports) {
          files.push(file);
          say(`wrote ${file.path}`);
        }
      } finally {
        await engine.close();
        close();
      }
      if (options.json) resultJson({ files });
      else result(table(files, classifier));
    });
}

function formOf(name: string): Form {
  if (Object.hasOwn(forms, name)) return name as Form;
  const names = Object.keys(forms);
  throw new UsageError(
    `--to ${name}: there is no such form.${didYouMean(name, names)} Valid: ${names.join(", ")}`,
  );
}

/** A run's own weights rather than its bundle: nothing that was exported is exported again. */
function bestWeights(model: string): string {
  const best = join(model, "best.safetensors");
  return existsSync(best) ? best : model;
}

interface ChosenPictures {
  readonly held: { readonly pictures: Pictures; readonly labels?: readonly number[] };
  readonly calibration: Pictures;
  close(): void;
}

/** Given pictures, the run's own, or drawn ones, and then that is said. */
async function picturesFor(model: string, given: readonly string[], judged: Judged): Promise<ChosenPictures> {
  const paths = runPaths(model);
  const own = existsSync(paths.environment) ? readEnvironment(paths).data : [];
  const data = given.length > 0 ? given : own.filter((path) => existsSync(path));
  if (data.length === 0) {
    say("checked on drawn faces: the pictures of the training are not here; name some by --data");
    const pictures = Array.from({ length: PICTURES }, (_, i) =>
      drawFace(expressions[i % expressions.length] as (typeof expressions)[number], "export", i),
    );
    return { held: { pictures: inMemory(pictures) }, calibration: inMemory([]), close() {} };
  }
  const { classes } = judged.architecture;
  const { samples } = await asCutFor(judged, await readDataset(data, { classes, allowMissing: true }));
  const order = shuffled(samples, random("export"));
  const [apart, rest] = [
    order.filter(({ split }) => split !== "train"),
    order.filter(({ split }) => split === "train"),
  ];
  // Without a split of their own, the pictures to calibrate on are cut from the end.
  const cut = Math.max(1, Math.floor(order.length / 2));
  const held = await decoded((apart.length > 0 ? apart : order.slice(0, cut)).slice(0, PICTURES));
  const calibration = await decoded((apart.length > 0 ? rest : order.slice(cut)).slice(0, CALIBRATION));
  return {
    held: { pictures: { ...held, count: held.samples.length }, labels: labelsOf(held) },
    calibration: { ...calibration, count: calibration.samples.length },
    close() {
      held.close();
      calibration.close();
    },
  };
}

async function decoded(samples: readonly Sample[]): Promise<PixelCache> {
  const pixels = await loadPixels(samples, {
    maxSide: LARGEST_SIDE,
    memoryBudget: MEMORY,
    spillDir: tmpdir(),
    allowUnreadable: true,
  });
  for (const { id, reason } of pixels.unreadable) say(`passed over: ${id}: ${reason}`);
  return pixels;
}

/** One line a file, and how PyTorch loads those that are for it. */
function table(files: readonly ExportedFile[], { architecture }: Classifier): string {
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
        `greatest difference ${maxProbabilityDifference.toExponential(1)}`,
        ...(accuracy === undefined
          ? []
          : [
              `accuracy ${percent(accuracy)} of ${pictures} pictures (trained ${percent(trainedAccuracy ?? 0)})`,
            ]),
        `${picturesPerSecond.toFixed(0)} pictures/s`,
        ...(float && float.length > 0 ? [`in float32: ${float.join(", ")}`] : []),
      ].join("  "),
  );
  const snippets = files
    .filter(({ form }) => form === "pth" || form === "safetensors")
    .flatMap(({ path }) => {
      const snippet = torchvisionSnippet(architecture, basename(path));
      return snippet ? ["", `# ${path} in PyTorch:`, snippet] : [];
    });
  const repositories = files
    .filter(({ form }) => form === "triton")
    .map(({ path }) => `\ntritonserver --model-repository=${resolve(path, "../../..")}`);
  return [...lines, ...snippets, ...repositories].join("\n");
}
