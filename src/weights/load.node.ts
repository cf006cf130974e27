/** Reads weights and classifiers from disk in any supported format. */

import { existsSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { decodePytorch } from "../formats/pytorch.ts";
import { decodeSafetensors } from "../formats/safetensors.ts";
import type { Preprocessing } from "../models/backbone.ts";
import type { Architecture, Description } from "../models/classifier.ts";
import type { BackboneOptions } from "../models/registry.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { isFolder, readBytes } from "../util/files.node.ts";
import { callTo, option } from "../util/spelling.ts";
import { type Classifier, classifierOf, type WeightsFile } from "./classifier.ts";
import { readArchitecture, saysClassifier } from "./classifier-file.ts";
import type { HeadRows } from "./fit.ts";
import { foreignByName, foreignWeights } from "./foreign-weights.ts";
import { type MembersFile, membersIn } from "./members.ts";
import { decodeOnnxWeights } from "./onnx-weights.ts";
import { shippedModel, shippedModels } from "./shipped.node.ts";
import { libraryCommand, sources } from "./sources.ts";
import { refuseEnsemble, type TakenOver, takenOver } from "./taken-over.ts";
import { hasVariants, variantIn } from "./variants.ts";
import { isIndex, partsOf, refusePart, weightFilesIn } from "./weights-folder.node.ts";

export type { Classifier, WeightsFile } from "./classifier.ts";

/**
 * Returns the classifier in a run folder, or in a file that vultus wrote, to compile it in another form; for prediction alone,
 * `loadBundle` is enough.
 *
 * @throws UsageError if its backbone is unknown, or it is not a single network; FormatError for a damaged file.
 */
export function loadClassifier(path: string, options: BackboneOptions = {}): Classifier {
  const file = classifierPath(path);
  const read = readWeights(file);
  refuseEnsemble(read.metadata, file);
  return classifierOf(read, file, options);
}

/**
 * Returns the members of the ensemble at `path`, or the single classifier with weight 1.
 *
 * @throws as `loadClassifier`, except for ensembles.
 */
export function loadMembers(path: string, options: BackboneOptions = {}): MembersFile {
  const file = classifierPath(path);
  return membersIn(readWeights(file), file, modelName(file), options);
}

/** The name of a classifier's file. All runs name their files best, so for a run it is the folder's name. */
export function modelName(file: string): string {
  const own = basename(file, extname(file));
  return own === "best" ? basename(dirname(resolve(file))) : own;
}

/** The file that holds the classifier: `path` itself, the best weights of the run in that folder, or a model that ships. */
export function classifierPath(path: string): string {
  if (!existsSync(path)) {
    const shipped = shippedModels();
    if (shipped.includes(path)) return shippedModel(path);
    throw new UsageError(`${path} does not exist; ${whatToGive(shipped)}`);
  }
  if (!statSync(path).isDirectory()) return path;
  const found = ["best.onnx", "best.safetensors"].map((name) => join(path, name)).find(existsSync);
  if (found) return found;
  if (!existsSync(join(path, "recipe.json")))
    throw new UsageError(
      `${path} is not a run folder: it contains neither best.onnx nor best.safetensors; ${whatToGive(shippedModels())}`,
    );
  throw new UsageError(
    `${path} contains no best.safetensors: the run has not finished an epoch yet; continue it: ${callTo("train", { resume: path })}`,
  );
}

function whatToGive(shipped: readonly string[]): string {
  const names = shipped.length > 0 ? `, or the name of a model that ships: ${shipped.join(", ")}` : "";
  return `give a run folder, or a file that vultus wrote${names}`;
}

/**
 * Weights from a file, fitted to a classifier, and the file's metadata; `normalisation` is the one they were trained with,
 * if it is known from elsewhere than the file.
 */
export function loadWeights(
  path: string,
  architecture: Architecture,
  description: Description,
  rows?: HeadRows,
  normalisation?: Pick<Preprocessing, "mean" | "std">,
): TakenOver {
  if (!existsSync(path))
    throw new UsageError(`the weights ${path} do not exist; ${howToGetWeights(architecture)}`);
  return takenOver(readWeights(path), path, architecture, description, rows, normalisation);
}

/** The backbone for which the weights at `path` were trained: a variant of `model` if the file states so. */
export function backboneFor(model: string, path: string | undefined): string {
  if (path === undefined || !hasVariants(model) || !existsSync(path)) return model;
  const variant = variantIn(readWeights(path).metadata);
  return variant?.of === model ? variant.backbone : model;
}

/** The backbone of the classifier in a file, in a folder or of a model that ships; undefined if that is not known. */
export function modelOfWeights(path: string): string | undefined {
  if (!existsSync(path)) return shippedModels().find((name) => name === path);
  const { metadata } = readWeights(path);
  return saysClassifier(metadata)
    ? readArchitecture(metadata, path).network?.backbone
    : variantIn(metadata)?.backbone;
}

/**
 * Reads `.safetensors`, PyTorch's `.pth` or `.pt`, or `.onnx`, detected from the content; the best weights of a run folder, or those
 * in another folder, which may be split into several files.
 */
export function readWeights(path: string): WeightsFile {
  if (isFolder(path)) {
    if (isRunFolder(path)) return readFile(classifierPath(path));
    const { files, notes } = weightFilesIn(path);
    return joined(files, notes);
  }
  if (isIndex(path)) return joined(partsOf(path), []);
  refusePart(path);
  return readFile(path);
}

const isRunFolder = (path: string): boolean =>
  ["best.onnx", "best.safetensors", "recipe.json"].some((name) => existsSync(join(path, name)));

/** The weights of several files as those of one. */
function joined(files: readonly string[], notes: readonly string[]): WeightsFile {
  const read = files.map(readFile);
  return {
    tensors: new Map(read.flatMap(({ tensors }) => [...tensors])),
    metadata: read[0]?.metadata ?? {},
    notes: [...notes, ...read.flatMap((one) => one.notes ?? [])],
  };
}

function readFile(path: string): WeightsFile {
  const bytes = readBytes(path);
  const form = formOf(bytes, path);
  if (form === "pytorch") return decodePytorch(bytes, path, true);
  return form === "onnx" ? decodeOnnxWeights(bytes, path) : decodeSafetensors(bytes, path);
}

function formOf(bytes: Uint8Array, path: string): "safetensors" | "pytorch" | "onnx" {
  if (bytes.length === 0) throw new FormatError(`${path} is empty; fetch it again`);
  const foreign = foreignWeights(bytes);
  if (foreign !== undefined) throw new FormatError(`${path} contains no weights; it is ${foreign}`);
  const [first, second] = bytes;
  const isZip = first === 0x50 && second === 0x4b;
  const isPickle = first === 0x80 && (second as number) <= 5;
  if (isZip || isPickle) return "pytorch";
  // Eight bytes of length, then JSON.
  if (bytes[8] === 0x7b || path.endsWith(".safetensors")) return "safetensors";
  if (path.endsWith(".onnx")) return "onnx";
  throw new FormatError(`${path} contains no weights that vultus reads; it is ${foreignByName(path)}`);
}

/** Instructions if weights are needed but missing. */
function howToGetWeights({ backbone: { name, origin } }: Architecture): string {
  // For a variant, the library has the same tensors with other values.
  const isTheirs = origin?.library === "torchvision" || (sources[name] ?? []).length > 0;
  const fromPython =
    origin && isTheirs ? `, for example one written in Python by ${libraryCommand(origin)}` : "";
  return `give a .safetensors, .pth or .onnx file by ${option("weights")}${fromPython}, or request random weights with ${option("weights", "none")}`;
}
