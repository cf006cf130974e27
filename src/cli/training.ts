/** One training from the command line: weights, run folder, progress, Ctrl-C, and the measured result at the end. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Dataset, Sample } from "../data/dataset.ts";
import { loadPixels } from "../data/pixel-cache.node.ts";
import { type Evaluation, evaluateClassifier } from "../evaluate/evaluate.node.ts";
import { type Architecture, describe } from "../models/classifier.ts";
import { writeEvaluation } from "../report/evaluation.ts";
import { writeCurves } from "../report/run.ts";
import { eventLog } from "../train/event-log.node.ts";
import type { PhaseRecord } from "../train/events.ts";
import { architectureOf } from "../train/forecast.ts";
import type { Recipe } from "../train/recipe.ts";
import { modelSummary } from "../train/summary.ts";
import { type TrainResult, train } from "../train/train.node.ts";
import { trainableStages } from "../train/trainable.ts";
import { UsageError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { howToGetWeights, loadWeights } from "../weights/load.node.ts";
import type { TrainCliOptions } from "./commands/train.ts";
import type { DeviceChoice } from "./device.ts";
import { evaluationText } from "./evaluation.ts";
import { duration, percent, result, say } from "./output.ts";
import { progressListener } from "./progress.ts";
import { version } from "./version.ts";

export interface TrainingRequest {
  readonly dataset: Dataset;
  readonly recipe: Recipe;
  readonly options: Pick<
    TrainCliOptions,
    "weights" | "resume" | "cacheFeatures" | "memory" | "checkpointEvery" | "allowUnreadable" | "json"
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
  const architecture = architectureOf(recipe, dataset.classes);
  const description = describe(architecture);
  const weights = options.resume
    ? new Map()
    : startingWeights(architecture, description, recipe, options.weights);
  const folder = request.folder ?? freeFolder(`${recipe.model}-${recipe.name}`);
  say(modelSummary(architecture, description, recipe));

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
  try {
    const trained = await train({
      dataset,
      architecture,
      recipe,
      weights,
      folder,
      resume: Boolean(options.resume),
      version,
      ...device,
      cacheFeatures: options.cacheFeatures === "auto",
      memoryBudget: options.memory * 1e9,
      allowUnreadable: options.allowUnreadable,
      checkpointEvery: options.checkpointEvery,
      listeners: [progressListener(), eventLog(() => join(folder, "events.jsonl"))],
      signal: stop.signal,
    });
    try {
      return await conclude(request, trained, folder, (performance.now() - started) / 1000);
    } finally {
      trained.validation.close();
      await trained.engine.close();
    }
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

async function conclude(
  request: TrainingRequest,
  trained: TrainResult,
  folder: string,
  seconds: number,
): Promise<TrainingOutcome> {
  const { progress, ending, architecture, weights, engine, validation, unreadable } = trained;
  for (const { id, reason } of unreadable) say(`left out: ${id}: ${reason}`);
  if (unreadable.length > 0) say(`${unreadable.length} pictures could not be read`);
  const json = { run: folder, best: progress.best, phases: progress.phases, seconds };
  if (progress.history.length > 0) await writeCurves(folder, progress.history);
  if (ending === "interrupted") {
    say(`stopped; everything is saved. Go on with --resume ${folder}`);
    return { interrupted: true, folder, phases: progress.phases, json };
  }
  const test = await testPixels(request, architecture);
  const pixels = test ?? validation;
  try {
    const evaluation = await evaluateClassifier(engine, architecture, weights, pixels);
    await writeEvaluation(folder, evaluation, pixels);
    if (!request.options.json) result(evaluationText(evaluation, test ? "test" : "validation"));
    const { best } = progress;
    say(
      `best: ${percent(best?.accuracy ?? 0)} on validation in phase ${best?.phase}, epoch ${best?.epoch}; ${duration(seconds)} in all`,
    );
    say(`run folder: ${folder}`);
    return { interrupted: false, folder, phases: progress.phases, json, evaluation };
  } finally {
    test?.close();
  }
}

/** The test pictures, which are decoded only now and scored once. */
async function testPixels({ dataset, options }: TrainingRequest, { inputSize }: Architecture) {
  const samples: Sample[] = dataset.samples.filter((sample) => sample.split === "test");
  if (samples.length === 0) return undefined;
  return loadPixels(samples, {
    maxSide: Math.ceil(inputSize * 1.25),
    memoryBudget: options.memory * 1e9,
    spillDir: ".",
    allowUnreadable: options.allowUnreadable,
  });
}

function startingWeights(
  architecture: Architecture,
  description: ReturnType<typeof describe>,
  recipe: Recipe,
  given: string | undefined,
): StateDict {
  if (given === "none") {
    say("weights: none, drawn at random as asked");
    return new Map();
  }
  if (given === undefined) {
    const { backbone } = architecture;
    const frozen = recipe.phases.some((phase) =>
      backbone.stages.some((stage) => !trainableStages(backbone, phase.train).has(stage)),
    );
    if (!frozen) return new Map();
    throw new UsageError(
      `the recipe ${recipe.name} keeps stages of ${backbone.name} frozen, so it needs pretrained weights: ${howToGetWeights(architecture)}`,
    );
  }
  const { weights, notes } = loadWeights(given, architecture, description);
  for (const note of notes) say(note);
  return weights;
}

/** `runs/<name>-<number>` with the first number that is free. */
function freeFolder(name: string): string {
  for (let number = 1; ; number++) {
    const folder = join("runs", `${name}-${number}`);
    if (!existsSync(folder) || readdirSync(folder).length === 0) return folder;
  }
}
