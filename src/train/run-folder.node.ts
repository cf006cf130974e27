/** The folder of one run: where its files are, how they are written, and whether it can be resumed. */

import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, relative, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.node.ts";
import { whyWebAssembly } from "../runtime/onnxruntime.node.ts";
import { runtimeVersion } from "../runtime/session.node.ts";
import { FormatError, messageOf, UsageError, VultusError } from "../util/errors.ts";
import { makeFolder, readJson, reasonOf, writeFileAtomic } from "../util/files.node.ts";
import { callTo, option } from "../util/spelling.ts";
import type { StateDict } from "../util/tensor.ts";
import { cutSchema } from "../weights/classifier-file.ts";
import { type TrainingImagesRecord, trainingImagesSchema } from "../weights/training-images.ts";
import { dataRequestSchema } from "./data-request.ts";
import { type Progress, progressSchema } from "./progress.ts";
import { LOCK_FILE } from "./run-lock.node.ts";
import type { TrainSettings } from "./settings.ts";

/** Everything that bit-exact resuming depends on in addition to the recipe, and when and where a run began. */
const environmentSchema = z.object({
  vultus: z.string(),
  node: z.string(),
  onnxruntime: z.string(),
  cpu: z.string(),
  threads: z.number(),
  device: z.string(),
  /** Missing, like the next two, in runs that did not record it. */
  precision: z.enum(["fp32", "fp16"]).optional(),
  cacheFeatures: z.boolean().optional(),
  /** Augmented views per image whose features are kept: as many as fitted into memory at that time. */
  views: z.number().int().optional(),
  memoryGB: z.number(),
  fingerprint: z.string(),
  /** A hash of the decoded training and validation images; missing in runs that did not record it. */
  pixels: z.string().optional(),
  /** The splits that were cut because the data lacked them. */
  cut: cutSchema.optional(),
  /** Where the images were; they may have moved since. */
  data: z.array(z.string()).default([]),
  /** Names of folders or labels that were mapped to classes, if any. */
  rename: z.record(z.string(), z.string()).optional(),
  /** Names of folders, labels or columns of votes that are not classes, if any. */
  notAClass: z.array(z.string()).optional(),
  /** How `data` was requested; missing in runs that did not record it, and if a program passed a data set. */
  request: dataRequestSchema.optional(),
  /** The origin of the starting weights; empty in runs that did not record it. */
  weights: z.string().default(""),
  /** The teachers as named by the user: models whose predictions are learned in addition to the labels. */
  teachers: z.array(z.string()).default([]),
  /** SHA-256 of the copies of their files. */
  teacherDigests: z.array(z.string()).default([]),
  started: z.string(),
});

export type Environment = z.infer<typeof environmentSchema>;

/**
 * What a folder may contain before its environment.json: images on disk, the first checkpoint, then the recipe. A
 * recipe.json alone belongs to the user.
 */
const BEFORE_A_RUN =
  /^(cache\/pixels-\d+-\d+\.tmp|\.?data-(excluded\.txt|corrections\.csv)(\.\d+\.tmp)?|\.training\.lock\.\d+\.\d+\.tmp|teachers\/\.?\d+\.\w+(\.\d+\.tmp)?|(checkpoints\/\.last\.safetensors|\.(recipe|environment|training-images)\.json)\.\d+\.tmp|checkpoints\/last\.safetensors|recipe\.json|training-images\.json)$/;

/** Leftovers of a killed process: partly written files and images on disk. */
const HALF_WRITTEN = /(^|\/)(\.[^/]+\.\d+|pixels-\d+-\d+)\.tmp$/;

export interface RunPaths {
  readonly folder: string;
  readonly recipe: string;
  /** The images that were trained on, for files that the run writes; missing in runs of older versions. */
  readonly trainingImages: string;
  readonly environment: string;
  readonly events: string;
  readonly checkpoint: string;
  /** Copies of the teachers' files. */
  readonly teachers: string;
  /** A copy of the list of images to leave out. */
  readonly exclude: string;
  /** A copy of the corrected labels. */
  readonly corrections: string;
  readonly best: string;
  /** The best weights as the file that is exported; written when training has ended. */
  readonly bundle: string;
  readonly evaluation: string;
  readonly cache: string;
}

export function runPaths(folder: string): RunPaths {
  return {
    folder,
    recipe: join(folder, "recipe.json"),
    trainingImages: join(folder, "training-images.json"),
    environment: join(folder, "environment.json"),
    events: join(folder, "events.jsonl"),
    checkpoint: join(folder, "checkpoints", "last.safetensors"),
    teachers: join(folder, "teachers"),
    exclude: join(folder, "data-excluded.txt"),
    corrections: join(folder, "data-corrections.csv"),
    best: join(folder, "best.safetensors"),
    bundle: join(folder, "best.onnx"),
    evaluation: join(folder, "evaluation.json"),
    cache: join(folder, "cache"),
  };
}

/** Returns the run's copies of the lists that its data was read with, as options for commands that read the same data again. */
export function keptLists(folder: string): { exclude?: string; corrections?: string } {
  const { exclude, corrections } = runPaths(folder);
  return { ...(existsSync(exclude) && { exclude }), ...(existsSync(corrections) && { corrections }) };
}

/**
 * Creates the folder of a new run. Refuses a folder with other files, so that nothing is overwritten; removes leftovers of a
 * training that was killed before it became a run.
 */
export function createRunFolder(folder: string): RunPaths {
  try {
    // Removes the recipe before the checkpoint: alone it would be taken for the user's.
    for (const file of leftovers(folder).sort().reverse()) rmSync(join(folder, file));
    makeFolder(join(folder, "checkpoints"));
  } catch (error) {
    if (error instanceof VultusError) throw error;
    throw new VultusError(`${folder} cannot be used as a run folder: ${reasonOf(error)}`);
  }
  return runPaths(folder);
}

/** @throws UsageError if the folder contains something that prevents a new run. Changes nothing. */
export function checkNewRunFolder(folder: string): void {
  leftovers(folder);
}

/** Returns the files in `folder` of a training that was killed before it became a run. */
function leftovers(folder: string): string[] {
  if (!existsSync(folder)) return [];
  if (!statSync(folder).isDirectory()) {
    throw new UsageError(`${folder} is a file; name a folder with ${option("out")}`);
  }
  const files = filesBelow(folder).filter((file) => file !== LOCK_FILE);
  const ownRecipe = files.includes("recipe.json") && !files.includes("checkpoints/last.safetensors");
  if (!ownRecipe && files.every((file) => BEFORE_A_RUN.test(file))) return files;
  const another = `give another folder with ${option("out")}`;
  throw new UsageError(
    existsSync(runPaths(folder).environment)
      ? `${folder} already contains a run; ${another}, or continue that run: ${callTo("train", { resume: folder })}`
      : `${folder} is not empty; ${another}`,
  );
}

/**
 * Opens the folder of a run to resume. Its settings must be unchanged: another number format or training on new views would not
 * reproduce its numbers. Removes partly written files of a killed process.
 */
export function openRunFolder(folder: string, now: Settings): RunPaths {
  const paths = runPaths(folder);
  const then = readEnvironment(paths);
  for (const key of ["precision", "cacheFeatures"] as const) {
    if (then[key] === undefined || then[key] === now[key]) continue;
    throw new UsageError(
      `${folder} was started with ${settingText(key, then)} and cannot continue with ${settingText(key, now)}; ` +
        `leave that option out, or start a new run with ${option("out")}`,
    );
  }
  for (const file of filesBelow(folder)) if (HALF_WRITTEN.test(file)) rmSync(join(folder, file));
  return paths;
}

type Settings = Pick<Environment, "precision" | "cacheFeatures">;

function settingText(key: keyof Settings, { precision, cacheFeatures }: Settings): string {
  return key === "precision"
    ? option("precision", precision)
    : `${option("cacheFeatures")} ${cacheFeatures ? "auto" : "off"}`;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"));
}

export function describeEnvironment(
  options: TrainSettings,
  {
    fingerprint,
    sources,
    rename,
    notAClass,
  }: Pick<Dataset, "fingerprint" | "sources" | "rename" | "notAClass">,
  found: Pick<Environment, "views" | "pixels" | "teacherDigests">,
): Environment {
  const {
    version,
    threads,
    device,
    precision,
    cacheFeatures,
    weightsSource = "",
    teachers = [],
    request,
  } = options;
  const { fingerprint: from } = options.dataset;
  const cut = from === fingerprint ? undefined : { from, seed: options.recipe.seed, ...options.cut };
  return {
    vultus: version,
    node: process.version,
    onnxruntime: whyWebAssembly() === undefined ? runtimeVersion() : `${runtimeVersion()} (WebAssembly)`,
    cpu: cpus()[0]?.model ?? "unknown",
    threads,
    device,
    precision,
    cacheFeatures,
    ...found,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    fingerprint,
    ...(cut && { cut }),
    data: sources.map((path) => resolve(path)),
    ...(rename && { rename }),
    ...(notAClass && { notAClass: [...notAClass] }),
    ...(request && { request }),
    weights: weightsSource,
    teachers: [...teachers],
    started: new Date().toISOString(),
  };
}

/**
 * Checks that `now` may continue a run that began in the environment on disk. Other data is an error. Another version, processor
 * or thread count, and changed files, are reported: results are then close but not bit-exact.
 */
export function checkResume(paths: RunPaths, now: Environment): string[] {
  const then = readEnvironment(paths);
  if (then.fingerprint !== now.fingerprint) {
    throw new UsageError(
      `${paths.folder} was trained on other data (fingerprint ${then.fingerprint}, now ${now.fingerprint}); resume it with the folders, ` +
        `classes and splits that it was started with, or start a new run with ${option("out")}`,
    );
  }
  const changed = (["vultus", "node", "onnxruntime", "cpu", "threads", "device"] as const).filter(
    (key) => then[key] !== now[key],
  );
  const notes = changed.map((key) => `not bit-exact: ${key} was ${then[key]} and is ${now[key]} now`);
  if (then.pixels !== undefined && then.pixels !== now.pixels)
    notes.push(
      "not bit-exact: images with the same names have different pixels from when the run started. Put them back as they were, " +
        `or start a new run with ${option("out")}`,
    );
  return notes;
}

/** Records the new location of a run's data, so that the next resume finds it. */
export function recordPlace(
  paths: RunPaths,
  { sources }: Pick<Dataset, "sources">,
  request: TrainSettings["request"],
): void {
  const then = readEnvironment(paths);
  const data = sources.map((path) => resolve(path));
  const isKnown = then.request !== undefined && isDeepStrictEqual(then.data, data);
  // Data given by a program has no path.
  if (request === undefined || isKnown) return;
  writeJson(paths.environment, { ...then, data, request: then.request ?? request });
}

/** @throws UsageError if there is none, because a training writes it as the last step of its start. */
export function readEnvironment({ folder, environment }: RunPaths): Environment {
  if (!existsSync(folder)) throw new UsageError(`there is no run ${folder}: that folder does not exist`);
  if (!existsSync(environment)) {
    throw new UsageError(
      `${folder} is not a run folder: it has no environment.json. A training that was stopped before it wrote one has ` +
        `nothing to resume: start it again with ${option("out")}`,
    );
  }
  return parseJson(environment, environmentSchema);
}

/** Returns the images that the run was trained on; undefined if it does not record them. */
export function readTrainingImages({ trainingImages }: RunPaths): TrainingImagesRecord | undefined {
  return existsSync(trainingImages) ? parseJson(trainingImages, trainingImagesSchema) : undefined;
}

export function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Reads a JSON file of a run and checks it. */
export function parseJson<T>(path: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(readJson(path));
  if (!parsed.success) throw new FormatError(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** Weights, optimizer state and progress in one file, so that they can never disagree. */
export function writeCheckpoint(path: string, tensors: StateDict, progress: Progress): void {
  writeSafetensors(path, tensors, { progress: JSON.stringify(progress) });
}

export function readCheckpoint(path: string): { tensors: StateDict; progress: Progress } {
  const { tensors, metadata } = readSafetensors(path);
  try {
    return { tensors, progress: progressSchema.parse(JSON.parse(metadata.progress ?? "null")) };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new FormatError(
      `${path} is not a vultus checkpoint, or it is damaged: ${reason}. Start a new run with ${option("out")}; with ${option("weights")} it can begin ` +
        "from the best.safetensors next to it",
    );
  }
}
