/** Trains a classifier on a data set and keeps everything in a run folder. */

import { existsSync } from "node:fs";
import { type Canvas, trainingSide } from "../augment/canvas.ts";
import { canvasOf } from "../data/canvas.ts";
import type { Dataset, Sample } from "../data/dataset.ts";
import { keysOf } from "../data/image-keys.ts";
import type { PixelCache } from "../data/pixel-cache.node.ts";
import { pixelsDigest } from "../data/pixel-hash.node.ts";
import { seenIn, seenNotes, unknownNote } from "../evaluate/seen.node.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors.node.ts";
import { type Architecture, describe, withNewWeights } from "../models/classifier.ts";
import type { Teacher } from "../program/teachers.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import { option } from "../util/spelling.ts";
import type { FloatTensor, StateDict } from "../util/tensor.ts";
import { classifierMetadata } from "../weights/classifier-file.ts";
import { type KnownImages, knownImages } from "../weights/known-images.node.ts";
import { noImages, recordOf } from "../weights/training-images.ts";
import { emitter } from "./events.ts";
import { dataOfRun } from "./former-run.node.ts";
import { type Ending, type LoopHost, runLoop } from "./loop.ts";
import { setUpPhase, viewsThatFit } from "./phase-setup.ts";
import { newProgress, type Progress } from "./progress.ts";
import { leakNotes, readPictures, type TrainingPictures } from "./read-pictures.node.ts";
import { withCutsFor } from "./recipe.ts";
import {
  checkResume,
  createRunFolder,
  describeEnvironment,
  openRunFolder,
  type RunPaths,
  readCheckpoint,
  readEnvironment,
  readTrainingImages,
  recordPlace,
  runPaths,
  writeCheckpoint,
  writeJson,
} from "./run-folder.node.ts";
import type { TrainSettings } from "./settings.ts";
import { batchesIn } from "./source.ts";
import { digestsOf, keepTeachers, keptTeachers, loadTeachers, teachersOfRun } from "./teachers.node.ts";
import { trainedPrior } from "./trained-prior.ts";
import { writeWatched } from "./watched.node.ts";
import { watchedIndices } from "./watched.ts";

export interface TrainResult {
  readonly ending: Ending;
  readonly progress: Progress;
  /** The data set with the splits that were cut. */
  readonly dataset: Dataset;
  /** Ids of validation and test images with the pixels of a training image. */
  readonly leaked: ReadonlySet<string>;
  readonly architecture: Architecture;
  /** The best weights; empty if training ended before its first epoch did. */
  readonly weights: StateDict;
  /** The validation images, decoded; the caller closes them. */
  readonly validation: PixelCache;
  readonly engine: Engine;
  readonly unreadable: PixelCache["unreadable"];
  /** The images that the weights at the start were trained on; undefined if the run does not record them. */
  readonly before: KnownImages | undefined;
  /** The class prior of the weights' own probabilities. */
  readonly trainedPrior: readonly number[];
}

/**
 * Trains, or resumes the run in `folder`, and stores its weights and checkpoints there. The caller closes the engine
 * and the validation images.
 */
export async function trainInto(options: TrainSettings): Promise<TrainResult> {
  const { architecture, recipe, folder, resume } = options;
  // Loads teachers before anything that takes time: one may lack some classes.
  const named = options.teachers ?? [];
  const files = resume ? teachersOfRun(runPaths(folder), named) : named;
  const teachers = loadTeachers(files, architecture.classes);
  const paths = resume ? openRunFolder(folder, options) : createRunFolder(folder);
  if (!resume) {
    keepTeachers(named, paths.teachers);
    for (const file of ["exclude", "corrections"] as const) {
      const given = options[file];
      if (given !== undefined) writeFileAtomic(paths[file], readBytes(given));
    }
  }
  const { dataset, notes, as } = resume
    ? dataOfRun(readEnvironment(paths), options.dataset)
    : { dataset: options.dataset, notes: [], as: (one: Dataset) => one };
  const pictures = await readPictures(
    dataset,
    { ...options.cut, seed: recipe.seed },
    {
      maxSide: trainingSide(architecture.inputSize),
      memoryBudget: options.memoryBudget,
      spillDir: paths.cache,
      allowUnreadable: options.allowUnreadable,
      signal: options.signal,
    },
  );
  const engine = options.engine ?? startEngine({ device: options.device, threads: options.threads });
  try {
    const read = { ...pictures, dataset: as(pictures.dataset) };
    return await trainOn(read, engine, paths, teachers, { ...options, dataset }, notes);
  } catch (error) {
    pictures.validation.close();
    await engine.close();
    throw error;
  } finally {
    pictures.training.close();
  }
}

async function trainOn(
  { dataset, training, validation, unreadable, leaked }: TrainingPictures,
  engine: Engine,
  paths: RunPaths,
  teachers: readonly Teacher[],
  options: TrainSettings,
  dataNotes: readonly string[],
): Promise<TrainResult> {
  if (validation.samples.length === 0) {
    throw noValidation();
  }
  const batchesPerEpoch = batchesIn(training.samples.length, options.recipe.batchSize);
  const { recipe, notes: cutNotes } = withCutsFor(batchesPerEpoch, options.recipe);
  const { architecture, folder, listeners } = options;
  const emit = emitter(listeners);
  const {
    progress,
    weights: initial,
    saved,
    notes,
    views,
    trainingImages,
  } = begin({ ...options, recipe }, dataset, [training, validation], paths);
  // If the order of folders matters and may have changed, the original places stay recorded.
  if (options.resume && dataNotes.length === 0) recordPlace(paths, dataset, options.request);
  const before = trainingImages && knownImages(trainingImages, "before");
  const labels = validation.samples.map((sample) => sample.label);
  const watched = watchedIndices(labels, architecture.classes.length, recipe.seed);
  await writeWatched(folder, validation, watched);
  await emit("start", {
    classes: architecture.classes,
    pictures: { training: training.samples.length, validation: validation.samples.length },
    watched: watched
      .map((index) => validation.samples[index] as Sample)
      .map(({ id, label }) => ({ id, label })),
  });
  const overlap = before ? startNotes(readEnvironment(paths).weights, before, validation) : [];
  for (const text of [
    ...dataset.notes,
    ...leakNotes(dataset, leaked),
    ...overlap,
    ...dataNotes,
    ...cutNotes,
    ...notes,
  ])
    await emit("note", { text });
  const canvas: Canvas = canvasOf(everyShape([training, validation]), architecture.inputSize);
  const prior = trainedPrior(training.samples, architecture.classes.length, recipe);
  let lastSave = performance.now();
  let asRun = recipe;

  const host: LoopHost = {
    recipe,
    emit,
    pace: options.pace,
    signal: options.signal,
    async saveCuts(index, cuts) {
      const phases = asRun.phases.map((phase, i) =>
        i === index ? { ...phase, cuts: [...cuts], cutsPerEpoch: batchesPerEpoch } : phase,
      );
      asRun = { ...asRun, phases };
      writeJson(paths.recipe, asRun);
    },
    setUp: (phase, weights) =>
      setUpPhase(
        { ...options, recipe, teachers, engine, training, validation, canvas, views, emit },
        phase,
        weights,
      ),
    checkpointDue: () => performance.now() - lastSave > options.checkpointEvery * 1000,
    async saveCheckpoint(tensors, progress) {
      writeCheckpoint(paths.checkpoint, tensors, progress);
      lastSave = performance.now();
      await emit("checkpoint", { path: paths.checkpoint });
    },
    async saveBest(weights) {
      writeSafetensors(
        paths.best,
        weights,
        classifierMetadata(architecture, {
          trainedPrior: prior,
          ...(trainingImages && { trainingImages }),
        }),
      );
    },
    async loadBest() {
      return readSafetensors(paths.best).tensors;
    },
  };
  const ending = await runLoop(host, initial, saved, progress);
  if (ending === "interrupted") await emit("interrupted", { path: folder });
  const weights: StateDict = existsSync(paths.best) ? await host.loadBest() : new Map();
  return {
    ending,
    progress,
    dataset,
    leaked,
    architecture,
    weights,
    validation,
    engine,
    unreadable,
    before,
    trainedPrior: prior,
  };
}

/** Returns the warning for validation images on which the starting weights were, or may have been, trained. */
function startNotes(weights: string, before: KnownImages, validation: PixelCache): string[] {
  const [name, what] = [`the starting weights (${weights})`, "validation images"];
  const notes = seenNotes(name, seenIn(validation, before), what);
  return before.isComplete ? notes : [...notes, unknownNote(name, validation.samples.length, what)];
}

/** Returns the error for data without validation images. */
export function noValidation(): UsageError {
  return new UsageError(
    `there are no validation images, so nothing can be measured; split some off with ${option("validation", "0.2")}`,
  );
}

/** Returns a new run folder with its first checkpoint, or the state of an earlier run. */
function begin(
  options: TrainSettings,
  dataset: Dataset,
  caches: readonly [training: PixelCache, validation: PixelCache],
  paths: RunPaths,
) {
  const { architecture, recipe, resume } = options;
  const { specs } = describe(architecture);
  const fitting = viewsThatFit(options, caches[0].samples.length);
  const teacherDigests = digestsOf(keptTeachers(paths.teachers));
  const found = { views: fitting, pixels: pixelsDigest(caches), teacherDigests };
  const environment = describeEnvironment(options, dataset, found);
  if (resume) {
    const notes = checkResume(paths, environment);
    // The recipe of an extended run has more phases from now on.
    writeJson(paths.recipe, recipe);
    // The available memory may have changed; the views that the run trains on must not.
    const views = readEnvironment(paths).views ?? fitting;
    const { tensors, progress } = readCheckpoint(paths.checkpoint);
    // A checkpoint also contains the optimizer's state, which later phases must not see.
    const weights = new Map(specs.map(({ name }) => [name, savedTensor(tensors, name, paths)]));
    return { progress, weights, saved: tensors, notes, views, trainingImages: readTrainingImages(paths) };
  }
  const progress = newProgress();
  const weights = withNewWeights(specs, options.weights, recipe.seed);
  writeCheckpoint(paths.checkpoint, weights, progress);
  writeJson(paths.recipe, recipe);
  const trainingImages = recordOf(options.imagesBefore ?? noImages, keysOf(caches[0]));
  writeJson(paths.trainingImages, trainingImages);
  // Written last: a folder without it is not a run yet.
  writeJson(paths.environment, environment);
  return { progress, weights, saved: new Map(), notes: [], views: fitting, trainingImages };
}

function savedTensor(tensors: StateDict, name: string, { checkpoint }: RunPaths): FloatTensor {
  const tensor = tensors.get(name);
  if (tensor) return tensor;
  throw new FormatError(
    `${checkpoint} lacks ${name}: it belongs to another model or was written by another version of vultus, and only that one can ` +
      `continue its run; start a new run with ${option("out")}`,
  );
}

function* everyShape(caches: readonly PixelCache[]) {
  for (const cache of caches) for (let i = 0; i < cache.samples.length; i++) yield cache.shape(i);
}
