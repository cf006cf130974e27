/** Trains a classifier on labelled images and writes the whole run: weights, bundle, score, report, model card. */

import { join } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { hasFingerprint } from "../data/former.ts";
import { type CutShares, cutSplits } from "../data/split.ts";
import type { Unreadable } from "../data/unreadable.ts";
import { describe } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { readRun } from "../report/run-record.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { checkBatchStatistics } from "../train/batch-statistics.ts";
import { eventLog } from "../train/event-log.node.ts";
import type { Listener } from "../train/events.ts";
import { extended } from "../train/extension.ts";
import { recipeArchitecture } from "../train/forecast.ts";
import type { Recipe } from "../train/recipe.ts";
import type { EpochRecord, PhaseRecord } from "../train/records.ts";
import type { CutOptions } from "../train/recut.node.ts";
import { readCheckpoint, readEnvironment, runPaths } from "../train/run-folder.node.ts";
import { modelSummary } from "../train/summary.ts";
import { keptTeachers, loadTeachers } from "../train/teachers.node.ts";
import { tensorBoard } from "../train/tensorboard.node.ts";
import { noValidation, trainInto } from "../train/train.node.ts";
import { counted } from "../util/counted.ts";
import { messageOf, UsageError } from "../util/errors.ts";
import { callTo, option } from "../util/spelling.ts";
import { version } from "../util/version.node.ts";
import { conclude } from "./conclude.ts";
import { checkFaces, croppingAdvice } from "./crop-check.ts";
import { type DataSource, openKnownDataset } from "./data.ts";
import { defaults } from "./defaults.ts";
import { chooseDevice, type DeviceChoice } from "./device.ts";
import type { EvaluationResult } from "./evaluation-result.ts";
import { type Teller, telling } from "./events.ts";
import { newRecipe, resumedRecipe } from "./recipe.ts";
import { inNewRunFolder, inRunFolder } from "./run-folders.ts";
import { requestOf, resumedOptions } from "./run-request.ts";
import { chooseStart, recordedStart, startingWeights } from "./starting-weights.ts";
import { fitToTime, secondsOf } from "./time-budget.ts";
import { type Suggestions, trainSuggestions } from "./train-command.ts";
import { type EndEvent, eventsOf, passedOn, type TrainEvent } from "./train-events.ts";
import {
  checkTrainOptions,
  type TrainingData,
  type TrainingOptions,
  type TrainOptions,
} from "./train-options.ts";

/** The epoch whose weights are kept, by validation accuracy. */
export interface Best {
  readonly phase: string;
  readonly epoch: number;
  /** From 0 to 1. */
  readonly accuracy: number;
}

interface Run {
  /** The run folder. */
  readonly folder: string;
  readonly classes: readonly string[];
  /** One record per epoch, over all phases. */
  readonly history: readonly EpochRecord[];
  readonly phases: readonly PhaseRecord[];
  /** Images that were left out. */
  readonly unreadable: readonly Unreadable[];
  /** From the call to the result. */
  readonly seconds: number;
}

/** A finished training: the folder holds `best.onnx`, its score, the report and the model card. */
export interface FinishedRun extends Run {
  readonly interrupted: false;
  /** The epoch whose weights were kept, by validation accuracy. */
  readonly best: Best;
  /** The score of `best.onnx` on the test split or, if there is none, on validation. */
  readonly evaluation: EvaluationResult;
  /** Path of the report; missing if it could not be written, which a note explains. */
  readonly report?: string;
}

/** A training that was aborted: the folder holds all that `resume` needs. */
export interface InterruptedRun extends Run {
  readonly interrupted: true;
  /** The best epoch so far; null before the end of the first. */
  readonly best: Best | null;
}

export type TrainingRun = FinishedRun | InterruptedRun;

/** What `train --json` prints. */
export interface TrainingJson {
  readonly run: string;
  readonly best: Best | null;
  readonly phases: readonly PhaseRecord[];
  readonly seconds: number;
}

/**
 * Trains, scores the best weights once, and writes the run folder with its report. Every option but the data has a default, the
 * same as on the command line. An abort resolves with an interrupted run, or rejects if the run had not started.
 *
 * @throws UsageError for unsuitable options, data or run folder; VultusError if the training itself fails.
 */
export async function train(options: TrainOptions): Promise<TrainingRun> {
  checkTrainOptions(options);
  return telling(options.onEvent, (teller: Teller<TrainEvent>) => trained(options, teller));
}

/**
 * Trains as `train` does, for a loop: `for await (const event of trainEvents({ data }))`. The last event, of type "end",
 * has the run as its `result`. Leaving the loop early stops the training and saves it.
 */
export function trainEvents(
  options: Omit<TrainingOptions, "onEvent"> & TrainingData,
): AsyncGenerator<TrainEvent | EndEvent<TrainingRun>, void, void> {
  return eventsOf((onEvent, left) => {
    const signal = options.signal ? AbortSignal.any([options.signal, left]) : left;
    return train({ ...options, onEvent, signal });
  });
}

async function trained(asked: TrainOptions, teller: Teller<TrainEvent>): Promise<TrainingRun> {
  const started = performance.now();
  const resumed = resumedFolder(asked);
  const options = resumed === undefined ? asked : resumedOptions(resumed, asked);
  const dataset = await readData(options, resumed);
  const images = dataset.samples.filter(({ split }) => split === "train").length;
  const recipe = resumed === undefined ? newRecipe(options, images) : recipeOfRun(resumed, options, images);
  const suggestions = trainSuggestions(options, recipe.model);
  if (resumed === undefined)
    chooseStart(recipe, backboneNamed(recipe.model, options), options.weights, suggestions);
  const then = resumed === undefined ? undefined : readEnvironment(runPaths(resumed));
  // A resumed run cuts its splits as it did before.
  const nearCopies = then === undefined || then.cut?.nearCopies;
  const { cut, trial } = chooseCut(options, dataset, { seed: recipe.seed, nearCopies }, teller);
  const trained = trial.samples.filter(({ split }) => split === "train").length;
  const small = checkBatchStatistics(recipeArchitecture(recipe, dataset.classes, options), recipe, trained);
  if (small !== undefined) teller.note(small);
  const device = chooseDevice({ precision: "auto", ...options }, teller.note);
  const teachers = typeof options.teachers === "string" ? [options.teachers] : (options.teachers ?? []);
  const budget = options.timeBudget === undefined ? Number.POSITIVE_INFINITY : secondsOf(options.timeBudget);
  // A teacher may lack some of the classes.
  if (resumed === undefined) loadTeachers(teachers, dataset.classes);
  const work = (folder: string): Promise<TrainingRun> =>
    trainedIn(
      folder,
      {
        options,
        recipe,
        device,
        dataset,
        cut,
        trial,
        teachers,
        suggestions,
        resumed: resumed !== undefined,
        started,
        budget,
      },
      teller,
    );
  return resumed === undefined
    ? inNewRunFolder(options.out, `${recipe.model}-${recipe.name}`, work)
    : inRunFolder(resumed, work);
}

/** A training that is ready to start: everything that can be checked has been checked. */
interface Prepared {
  readonly options: TrainOptions;
  readonly recipe: Recipe;
  readonly device: DeviceChoice;
  readonly dataset: Dataset;
  readonly cut: CutShares;
  /** The data with approximate splits. */
  readonly trial: Dataset;
  readonly teachers: readonly string[];
  /** Suggestions if the start is not possible. */
  readonly suggestions: Suggestions;
  readonly resumed: boolean;
  /** Time of the call, in milliseconds. */
  readonly started: number;
  /** Seconds from then; infinite without a limit. */
  readonly budget: number;
}

async function trainedIn(
  folder: string,
  prepared: Prepared,
  teller: Teller<TrainEvent>,
): Promise<TrainingRun> {
  const { options, device, dataset, cut, trial, teachers, suggestions, resumed, started } = prepared;
  const {
    signal = new AbortController().signal,
    memory = defaults.memory,
    allowUnreadable = false,
    cacheFeatures = true,
  } = options;
  const { classes } = dataset;
  teller.tell({ type: "run", folder });
  if (resumed && hasEnded(folder, prepared.recipe))
    teller.note(
      `${folder} has finished: nothing is left to train, so it is only scored again. To add epochs: ` +
        callTo("train", { resume: folder, extend: 5 }),
    );
  await teller.heard();
  const log = eventLog(() => join(folder, "events.jsonl"));
  let engine: Engine | undefined;
  try {
    const paths = runPaths(folder);
    const first = recipeArchitecture(prepared.recipe, classes, options);
    const { weights, source, imagesBefore } = resumed
      ? recordedStart(folder, prepared.recipe, first.backbone, teller)
      : await startingWeights(
          first,
          describe(first),
          prepared.recipe,
          options.weights,
          suggestions,
          signal,
          teller,
        );
    const advice = resumed ? undefined : croppingAdvice(await checkFaces(dataset.samples, device), dataset);
    if (advice !== undefined) teller.note(advice);
    const left = (): number => prepared.budget - (performance.now() - started) / 1000;
    engine = startEngine(device);
    const { recipe, pace } = Number.isFinite(prepared.budget)
      ? await fitToTime(
          engine,
          prepared.recipe,
          trial,
          {
            ...options,
            ...{ left, budget: prepared.budget, cacheFeatures },
            from: resumed ? readCheckpoint(paths.checkpoint).progress : undefined,
            teachers: resumed ? keptTeachers(paths.teachers) : teachers,
          },
          teller,
        )
      : { recipe: prepared.recipe, pace: undefined };
    const architecture = recipeArchitecture(recipe, classes, options);
    teller.tell({ type: "model", summary: modelSummary(architecture, describe(architecture), recipe) });
    const board = tensorBoard(folder, resumed ? readRun(folder).history : []);
    const result = await trainInto({
      dataset,
      request: requestOf(options),
      exclude: options.exclude,
      corrections: options.corrections,
      cut,
      architecture,
      recipe,
      weights,
      weightsSource: source,
      imagesBefore,
      teachers,
      folder,
      resume: resumed,
      version,
      ...device,
      cacheFeatures,
      memoryBudget: memory * 1e9,
      allowUnreadable,
      checkpointEvery: options.checkpointEvery ?? defaults.checkpointEvery,
      pace,
      engine,
      listeners: [passedOn(teller), log, board.listener],
      signal,
    });
    const { progress, unreadable } = result;
    try {
      teller.unreadable(unreadable);
      if (unreadable.length > 0) teller.note(`${counted(unreadable.length, "image")} could not be read`);
      const { calibration } = recipe;
      const end = await conclude(
        result,
        { folder, board, log, calibration, memory, allowUnreadable },
        teller,
      );
      const { history, phases, best } = progress;
      const seconds = (performance.now() - started) / 1000;
      const run = { folder, classes, history, phases, unreadable, seconds };
      if (end === undefined || best === null) return { ...run, interrupted: true, best };
      return { ...run, interrupted: false, best, ...end };
    } finally {
      result.validation.close();
    }
  } catch (error) {
    tellFailure(log, error);
    throw error;
  } finally {
    await engine?.close();
  }
}

/** Ignores errors of the log, since that may be why the training failed. */
function tellFailure(log: Listener, error: unknown): void {
  try {
    void log.failed?.({ message: messageOf(error) });
  } catch {}
}

function resumedFolder({ resume, out, extend }: TrainOptions): string | undefined {
  if (!resume && extend !== undefined)
    throw new UsageError(
      `${option("extend")} adds epochs to a finished run; name it with ${option("resume", "runs/NAME")}`,
    );
  if (!resume) return undefined;
  const folder = typeof resume === "string" ? resume : out;
  if (folder !== undefined) return folder;
  throw new UsageError(`${option("resume")} needs a run folder; name it`);
}

/** Returns the recipe of the run in `folder`, with the epochs to add. @throws UsageError if it has not finished yet. */
function recipeOfRun(folder: string, options: TrainOptions, images: number): Recipe {
  const recipe = resumedRecipe(folder, options, images);
  if (options.extend === undefined) return recipe;
  if (hasEnded(folder, recipe)) {
    const { phases } = readCheckpoint(runPaths(folder).checkpoint).progress;
    return extended(recipe, phases, options.extend);
  }
  throw new UsageError(
    `${folder} has not finished, so it cannot be extended yet; continue it first: ${callTo("train", { resume: folder })}`,
  );
}

/** Whether the run in `folder` has trained all phases of `recipe`. */
function hasEnded(folder: string, { phases }: Recipe): boolean {
  return readCheckpoint(runPaths(folder).checkpoint).progress.phase >= phases.length;
}

/** Reads the data, with the class names that a resumed run recorded. */
async function readData(
  { data, classes, rename, notAClass, corrections, exclude }: TrainOptions,
  resumed: string | undefined,
): Promise<Dataset> {
  const then = resumed === undefined ? undefined : readEnvironment(runPaths(resumed));
  const naming = { classes, rename, notAClass, remembered: then, corrections, exclude };
  return openKnownDataset(data as DataSource, naming, (read) =>
    hasFingerprint(read, then?.cut?.from ?? then?.fingerprint),
  );
}

/**
 * Chooses the splits to cut. Without a validation split, a fifth is cut, and a note reports it. The cut itself happens when the
 * images are read; a trial cut here finds invalid shares early.
 */
function chooseCut(
  options: TrainOptions,
  dataset: Dataset,
  { seed, nearCopies }: Pick<CutOptions, "seed" | "nearCopies">,
  teller: Teller,
): { cut: CutShares; trial: Dataset } {
  const given = dataset.samples.some((sample) => sample.split === "validation");
  const validation = options.validation ?? (given ? undefined : 0.2);
  if (!given && options.validation === undefined)
    teller.note(
      `no validation split: 20 % of the training images are held out for validation (${option("validation")})`,
    );
  const cut = {
    // If nothing is cut, they need not be found.
    ...(nearCopies && (validation ?? options.test) !== undefined ? { nearCopies } : {}),
    ...(validation === undefined ? {} : { validation }),
    ...(options.test === undefined ? {} : { test: options.test }),
  };
  const trial = cutSplits(dataset, { ...cut, seed });
  if (!trial.samples.some(({ split }) => split === "validation")) throw noValidation();
  return { cut, trial };
}
