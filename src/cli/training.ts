/** One training from the command line: weights, run folder, progress, Ctrl-C, and the measured result at the end. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { channelNote } from "../data/canvas.ts";
import type { Dataset, Sample, Split } from "../data/dataset.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import type { SplitShares } from "../data/split.ts";
import {
  bundleOutputs,
  type Evaluation,
  evaluation,
  LARGEST_SIDE,
  labelsOf,
} from "../evaluate/evaluate.node.ts";
import { leaksOf } from "../evaluate/leaks.node.ts";
import { runProvenance } from "../export/provenance.node.ts";
import { writeBundle } from "../export/write-bundle.node.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { fitTemperature } from "../metrics/temperature.ts";
import { describe } from "../models/classifier.ts";
import { writeEvaluation } from "../report/evaluation.ts";
import { writeCurves } from "../report/run.ts";
import { readRun } from "../report/run-record.ts";
import { eventLog } from "../train/event-log.node.ts";
import type { Listener } from "../train/events.ts";
import { recipeArchitecture } from "../train/forecast.ts";
import type { Recipe } from "../train/recipe.ts";
import type { PhaseRecord } from "../train/records.ts";
import { runPaths, writeJson } from "../train/run-folder.node.ts";
import { modelSummary } from "../train/summary.ts";
import { type TensorBoard, tensorBoard } from "../train/tensorboard.node.ts";
import { type TrainResult, train } from "../train/train.node.ts";
import { messageOf } from "../util/errors.ts";
import type { TrainCliOptions } from "./commands/train.ts";
import type { DeviceChoice } from "./device.ts";
import { evaluationJson, evaluationText } from "./evaluation.ts";
import { duration, percent, result, say } from "./output.ts";
import { progressListener } from "./progress.ts";
import { reportTraining } from "./reporting.ts";
import { startingWeights } from "./starting-weights.ts";
import { version } from "./version.ts";
import { pageBeside } from "./watching.ts";

export interface TrainingRequest {
  readonly dataset: Dataset;
  /** Splits to cut where the data has none. */
  readonly cut?: SplitShares;
  readonly recipe: Recipe;
  readonly options: Pick<
    TrainCliOptions,
    "weights" | "resume" | "cacheFeatures" | "memory" | "checkpointEvery" | "allowUnreadable" | "ui" | "json"
  >;
  readonly device: DeviceChoice;
  readonly folder?: string;
}

export interface TrainingOutcome {
  readonly interrupted: boolean;
  readonly folder: string;
  readonly phases: readonly PhaseRecord[];
  /** What `--json` prints. */
  readonly json: object;
  readonly evaluation?: Evaluation;
}

/** Trains, scores the best weights, writes the pictures of the run, and prints the report unless JSON is wanted. */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome> {
  const { dataset, recipe, options, device } = request;
  const architecture = recipeArchitecture(recipe, dataset.classes);
  const description = describe(architecture);
  const folder = request.folder ?? freeFolder(`${recipe.model}-${recipe.name}`);
  const stop = new AbortController();
  const onSignal = (): void => {
    // A worker in the middle of a step cannot be ended in an orderly way; what is on disk is whole at any moment.
    if (stop.signal.aborted) process.kill(process.pid, "SIGKILL");
    say("stopping after this step; press Ctrl-C again to stop at once");
    stop.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  const started = performance.now();
  const { ui } = options;
  const page = ui === undefined ? undefined : await pageBeside(folder, ui === true ? undefined : ui);
  const log = eventLog(() => join(folder, "events.jsonl"));
  try {
    const { weights, source } = options.resume
      ? { weights: new Map(), source: "" }
      : await startingWeights(architecture, description, recipe, options.weights, stop.signal);
    say(modelSummary(architecture, description, recipe));
    const board = tensorBoard(folder, options.resume ? readRun(folder).history : []);
    const trained = await train({
      dataset,
      ...(request.cut && { cut: request.cut }),
      architecture,
      recipe,
      weights,
      weightsSource: source,
      folder,
      resume: Boolean(options.resume),
      version,
      ...device,
      cacheFeatures: options.cacheFeatures === "auto",
      memoryBudget: options.memory * 1e9,
      allowUnreadable: options.allowUnreadable,
      checkpointEvery: options.checkpointEvery,
      listeners: [progressListener(), log, board.listener],
      signal: stop.signal,
    });
    try {
      const seconds = (performance.now() - started) / 1000;
      return await conclude(request, trained, { folder, board, log }, seconds);
    } finally {
      trained.validation.close();
      await trained.engine.close();
    }
  } catch (error) {
    tellFailure(log, error);
    throw error;
  } finally {
    await page?.close({ over: true });
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

/** The reason why a training failed may be that its log cannot be written. */
function tellFailure(log: Listener, error: unknown): void {
  try {
    void log.failed?.({ message: messageOf(error) });
  } catch {}
}

async function conclude(
  request: TrainingRequest,
  trained: TrainResult,
  { folder, board, log }: { readonly folder: string; readonly board: TensorBoard; readonly log: Listener },
  seconds: number,
): Promise<TrainingOutcome> {
  const { progress, ending, architecture, weights, engine, unreadable } = trained;
  for (const { id, reason } of unreadable) say(`left out: ${id}: ${reason}`);
  if (unreadable.length > 0) say(`${unreadable.length} pictures could not be read`);
  const json = { run: folder, best: progress.best, phases: progress.phases, seconds };
  if (progress.history.length > 0) await writeCurves(folder, progress.history);
  if (ending === "interrupted") {
    say(`stopped; everything is saved. Go on with --resume ${folder}`);
    return { interrupted: true, folder, phases: progress.phases, json };
  }
  const paths = runPaths(folder);
  // The score is that of the file which others will run, on pictures as others will give them.
  const bundle = writeBundle(paths.bundle, { architecture, weights }, runProvenance(folder));
  const { classes } = architecture;
  const { split, pixels } = await finalPixels(request.options, trained, folder);
  try {
    const note = channelNote(pixels, bundle.architecture.network);
    if (note) say(note);
    const { logits } = await bundleOutputs(engine, bundle, pixels);
    const onValidation = split === "validation" ? pixels : trained.validation;
    const toFit = split === "validation" ? { logits } : await bundleOutputs(engine, bundle, onValidation);
    const temperature = fitTemperature(toFit.logits, labelsOf(onValidation), classes.length);
    // The temperature changes no answer but how sure it is, so the bundle with it need not run again.
    const probabilities = Float32Array.from(softmaxRows(logits, classes.length, temperature));
    const fittedHere = split === "validation" && temperature !== 1;
    const labels = labelsOf(pixels);
    const options = { temperature, fittedHere };
    const found = evaluation({ logits, probabilities }, labels, classes, options);
    const isLeaked = pixels.samples.map(({ id }) => trained.leaked.has(id));
    const scored = { ...found, leaks: leaksOf(labels, found.predicted, isLeaked) };
    writeJson(paths.evaluation, evaluationJson(scored, split));
    await log.finished?.({ split, accuracy: scored.scores.accuracy });
    writeBundle(paths.bundle, { architecture, weights, temperature }, runProvenance(folder));
    await writeEvaluation(folder, scored, pixels);
    const { dataset } = trained;
    await reportTraining(folder, { engine, dataset, unreadable, evaluation: scored, pixels, board });
    if (!request.options.json) result(evaluationText(scored, split));
    const { best } = progress;
    say(
      `best: ${percent(best?.accuracy ?? 0)} on validation in phase ${best?.phase}, epoch ${best?.epoch}; ${duration(seconds)} in all`,
    );
    say(`run folder: ${folder}`);
    return { interrupted: false, folder, phases: progress.phases, json, evaluation: scored };
  } finally {
    pixels.close();
  }
}

/** The pictures of the final score, decoded for it: the test split, scored this once, or else the validation split. */
async function finalPixels(
  options: TrainingRequest["options"],
  { dataset, validation }: TrainResult,
  folder: string,
) {
  const of = (split: Split): Sample[] => dataset.samples.filter((sample) => sample.split === split);
  const split: Split = of("test").length > 0 ? "test" : "validation";
  const pixels = await loadPixels(of(split), {
    maxSide: LARGEST_SIDE,
    memoryBudget: options.memory * 1e9 - validation.bytesInMemory,
    spillDir: runPaths(folder).cache,
    allowUnreadable: options.allowUnreadable,
  });
  return { split, pixels };
}

/** `runs/<name>-<number>` with the first number that is free. */
function freeFolder(name: string): string {
  for (let number = 1; ; number++) {
    const folder = join("runs", `${name}-${number}`);
    if (!existsSync(folder) || readdirSync(folder).length === 0) return folder;
  }
}
