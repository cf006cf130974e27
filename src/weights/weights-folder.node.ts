/** Selects the files to read in folders of weights written by Hugging Face's libraries and DeepSpeed. */

import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { FormatError, UsageError } from "../util/errors.ts";
import { isFolder, readJson } from "../util/files.node.ts";

/** Files to read together, and notes about the others. */
export interface WeightFiles {
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/** File names of weights in Hugging Face's libraries, preferred first. An index lists the parts of weights that are split. */
const usual = [
  "model.safetensors",
  "model.safetensors.index.json",
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
];
const weightFile = /\.(safetensors|pth|pt|ckpt|bin|onnx|pth\.tar)$/;
/** Files with such names that are not weights. */
const besideWeights =
  /^(training_args|optimizer|scheduler|scaler|rng_state|random_states|trainer_state)|optim_states/;
const part = /-(\d+)-of-(\d+)\.\w+$/;
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Whether a file lists the parts of weights. */
export const isIndex = (path: string): boolean => path.endsWith(".index.json");

/**
 * The weights files in a folder that is not a run.
 *
 * @throws UsageError if there are none, or several of which none has a usual name.
 */
export function weightFilesIn(folder: string): WeightFiles {
  const names = readdirSync(folder).sort();
  refuseOtherFolders(folder, names);
  const found = names.filter(isWeights);
  const whole = found.filter((name) => !part.test(name));
  const taken = usual.find((name) => names.includes(name)) ?? (whole.length === 1 ? whole[0] : undefined);
  if (taken === undefined) {
    if (found.length > 0)
      throw new UsageError(`${folder} contains several weights files: give one of ${few(found)}`);
    const below = names.filter((name) => isFolder(join(folder, name)) && holdsWeights(join(folder, name)));
    throw new UsageError(
      `${folder} contains no weights: neither a run, nor ${usual[0]}, ${usual[2]} or one .safetensors, .pth, .pt, .ckpt, .bin or .onnx file` +
        (below.length > 0 ? `; give one of its folders: ${few(below)}` : ""),
    );
  }
  const files = isIndex(taken) ? partsOf(join(folder, taken)) : [join(folder, taken)];
  const others = found.filter((name) => name !== taken && !files.includes(join(folder, name)));
  const passedOver = others.length > 0 ? `, skipped ${few(others)}` : "";
  return { files, notes: [`${folder}: took ${taken}${passedOver}`] };
}

const isWeights = (name: string): boolean => weightFile.test(name) && !besideWeights.test(name);

const holdsWeights = (folder: string): boolean =>
  readdirSync(folder).some((name) => isWeights(name) || name === "recipe.json");

/** Up to eight names. */
const few = (names: readonly string[]): string =>
  `${names.slice(0, 8).join(", ")}${names.length > 8 ? `, … (${names.length} in all)` : ""}`;

/** The files that an index lists. @throws FormatError if one is missing. */
export function partsOf(index: string): readonly string[] {
  const parsed = indexSchema.safeParse(readJson(index));
  if (!parsed.success) throw new FormatError(`${index} lists no parts of weights: it has no weight_map`);
  const names = [...new Set(Object.values(parsed.data.weight_map))];
  const files = names.map((name) => join(dirname(index), basename(name)));
  const missing = files.filter((file) => !existsSync(file)).map((file) => basename(file));
  if (missing.length > 0)
    throw new FormatError(
      `${index} lists ${names.length} files, of which ${missing.slice(0, 5).join(", ")} ${missing.length === 1 ? "is" : "are"} missing; download all of them`,
    );
  return files;
}

/** @throws UsageError for one file of weights that are split into several. */
export function refusePart(path: string): void {
  const [, number, count] = part.exec(path) ?? [];
  if (Number(count) > 1)
    throw new UsageError(
      `${path} is part ${Number(number)} of ${Number(count)} of the weights; give the folder that contains all of them, or its .index.json`,
    );
}

function refuseOtherFolders(folder: string, names: readonly string[]): void {
  const some = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (some(/^zero_to_fp32\.py$/))
    throw new UsageError(
      `${folder} is a DeepSpeed checkpoint in parts; join them: python ${join(folder, "zero_to_fp32.py")} ${folder} weights.pth`,
    );
  if (some(/\.distcp$/))
    throw new UsageError(
      `${folder} is a distributed PyTorch checkpoint in parts; join them: python -m torch.distributed.checkpoint.format_utils dcp_to_torch ${folder} weights.pth`,
    );
  if (some(/^saved_model\.pb(txt)?$/))
    throw new UsageError(
      `${folder} is a TensorFlow SavedModel; vultus reads weights of PyTorch networks: .safetensors, .pth or .pt`,
    );
}
