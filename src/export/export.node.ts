/** Exports a classifier in formats for other programs, and checks each file by reading it back. */

import { rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Pictures } from "../evaluate/run-bundle.ts";
import { writePytorch } from "../formats/pytorch.node.ts";
import { writeSafetensors } from "../formats/safetensors.node.ts";
import { type BundleInput, compileBundle } from "../program/bundle.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { WeightBits } from "../program/quantize-weights.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { libraryNames } from "../weights/canonical-names.ts";
import {
  answeringOf,
  classifierMetadata,
  describeArchitecture,
  type Provenance,
} from "../weights/classifier-file.ts";
import type { Classifier } from "../weights/load.node.ts";
import { accuracyOf, chooseInt8 } from "./int8.node.ts";
import { tritonConfig, tritonFiles } from "./triton.ts";
import { type Agreement, agreement, answersOf, refusal } from "./verify.ts";
import { writeBundle } from "./write-bundle.node.ts";

/** The formats of an export, and the name of each one's output. Triton's model repository and the page are folders. */
export const forms = {
  bundle: "model.onnx",
  fp16: "model-fp16.onnx",
  int8: "model-int8.onnx",
  safetensors: "model.safetensors",
  pth: "model.pth",
  triton: "triton",
  web: "web",
} as const;
export type Form = keyof typeof forms;
/** Formats that are built from the weights; the page contains the bundle unchanged (`site.node.ts`). */
export type ConvertedForm = Exclude<Form, "web">;

export interface ExportOptions {
  readonly classifier: Classifier;
  readonly provenance: Provenance;
  readonly forms: readonly ConvertedForm[];
  readonly folder: string;
  /** Triton's model repository, and the model's name in it. */
  readonly triton: { readonly repository: string; readonly name: string };
  /** Input type of the `.onnx` formats. */
  readonly input: BundleInput;
  readonly engine: Engine;
  /** Images on which every file is compared with the trained model; without labels if they are unlabelled. */
  readonly held: { readonly pictures: Pictures; readonly labels?: readonly number[] };
  /** Training images for calibrating the int8 format. */
  readonly calibration: Pictures;
  /** Bits of the int8 format's weights. */
  readonly weightBits: WeightBits;
}

export interface ExportedFile extends Agreement {
  readonly form: Form;
  readonly path: string;
  readonly bytes: number;
  readonly picturesPerSecond: number;
  /** Number of images on which the file was checked. */
  readonly pictures: number;
  /** Accuracy of this file and of the trained model on the same images, if they have labels. */
  readonly accuracy?: number;
  readonly trainedAccuracy?: number;
  /** For the int8 format, the layers that stay in float32. */
  readonly float?: readonly string[];
}

/**
 * Maximum difference to the trained model. Half-precision weights are rounded to 11 bits, which changes a probability
 * by about 1e-3. Int8 is judged by its accuracy, which is reported. The other formats differ only by the order of
 * additions.
 */
const tolerance: Readonly<Record<ConvertedForm, number>> = {
  bundle: 1e-4,
  fp16: 0.02,
  int8: 1,
  safetensors: 1e-4,
  pth: 1e-4,
  triton: 1e-4,
};

/**
 * Writes and checks the formats one after the other. @throws VultusError for a file that disagrees, which is removed
 */
export async function* exportClassifier(options: ExportOptions): AsyncGenerator<ExportedFile> {
  const { classifier, forms: wanted, folder, engine, held } = options;
  const { pictures, labels } = held;
  const { architecture, weights } = classifier;
  if (wanted.some((form) => form !== "triton")) makeFolder(folder);
  const metadata = classifierMetadata(architecture, options.provenance);
  const trained: Bundle = {
    ...classifier,
    metadata,
    architecture: describeArchitecture(architecture),
    input: "uint8",
    program: compileBundle({ architecture, weights, ...answeringOf(metadata, classifier.path) }),
  };
  const expected = await answersOf(engine, trained, pictures);
  const known = { backbones: [architecture.backbone] };
  for (const form of wanted) {
    const path =
      form === "triton"
        ? join(options.triton.repository, options.triton.name, tritonFiles.model)
        : join(folder, forms[form]);
    const float = await write(form, path, options);
    const { probabilities, picturesPerSecond } = await answersOf(engine, loadBundle(path, known), pictures);
    const agreed = agreement(expected.probabilities, probabilities, architecture.classes.length);
    if (!(agreed.maxProbabilityDifference <= tolerance[form])) {
      rmSync(path);
      throw new VultusError(
        `${path} was removed: its probabilities differ from the trained model's ${refusal(agreed, tolerance[form], form === "fp16")}`,
      );
    }
    const accuracy = (rows: Float32Array): number =>
      accuracyOf(rows, labels ?? [], architecture.classes.length);
    yield {
      form,
      path,
      bytes: statSync(path).size,
      picturesPerSecond,
      pictures: pictures.count,
      ...agreed,
      ...(labels
        ? { accuracy: accuracy(probabilities), trainedAccuracy: accuracy(expected.probabilities) }
        : {}),
      ...(float ? { float } : {}),
    };
  }
}

/** Writes one format. Returns the layers that stay in float32, for int8. */
async function write(
  form: ConvertedForm,
  path: string,
  options: ExportOptions,
): Promise<readonly string[] | undefined> {
  const { classifier, provenance, input, held } = options;
  const { architecture, weights } = classifier;
  switch (form) {
    case "bundle":
      writeBundle(path, { architecture, weights, input }, provenance);
      return undefined;
    case "fp16":
      writeBundle(path, { architecture, weights, input, stored: "float16" }, provenance);
      return undefined;
    case "triton": {
      const { repository, name } = options.triton;
      const own = join(repository, name);
      makeFolder(dirname(path));
      const { program } = writeBundle(path, { architecture, weights, input }, provenance);
      writeFileAtomic(join(own, tritonFiles.labels), `${architecture.classes.join("\n")}\n`);
      writeFileAtomic(join(own, tritonFiles.config), tritonConfig(name, program));
      return undefined;
    }
    case "int8": {
      const { labels, pictures } = held;
      if (!labels || options.calibration.count === 0) {
        throw new UsageError(
          "the int8 form is calibrated and selected on labelled images; give some with --data",
        );
      }
      const { model, float } = await chooseInt8({ ...options, held: { pictures, labels } });
      writeFileAtomic(path, model);
      return float;
    }
    case "safetensors":
      writeSafetensors(
        path,
        libraryNames(weights, architecture),
        classifierMetadata(architecture, provenance),
      );
      return undefined;
    case "pth": {
      const names = libraryNames(weights, architecture);
      writePytorch(path, names, classifierMetadata(architecture, provenance));
      return undefined;
    }
  }
}
