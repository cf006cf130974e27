/** Trains a classifier in a browser, with the same recipes, steps and loop as in Node. */

import { canvasOf } from "../data/canvas.ts";
import { digestOf, fingerprintOf } from "../data/dataset.ts";
import { type Architecture, describe } from "../models/classifier.ts";
import { type Engine, EngineLost } from "../runtime/engine.ts";
import { webEngine } from "../runtime/engine.web.ts";
import { threadsHere, type WebDevice } from "../runtime/session.web.ts";
import { messageOf } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { classesOfExamples, decodeExamples, leakNotes } from "./examples.web.ts";
import { recipeArchitecture } from "./forecast.ts";
import { decodeState, encodeState, type Identity, type KeptState } from "./kept-state.ts";
import { type LoopHost, runLoop } from "./loop.ts";
import { setUpPhase, viewsThatFit } from "./phase-setup.ts";
import { newProgress } from "./progress.ts";
import { reporter } from "./reporter.web.ts";
import { batchesIn } from "./source.ts";
import { deviceOf, readStart, recipeOf, startingWeights } from "./start.web.ts";
import { StepClock } from "./step-clock.ts";
import type { WebTraining, WebTrainOptions } from "./train-options.web.ts";
import { bundleOfTraining } from "./trained-bundle.web.ts";

/** Maximum bytes of cached features. */
const MEMORY = 256e6;
const CHECKPOINT_SECONDS = 30;

/** See `on-demand.web.ts`. */
export async function train(options: WebTrainOptions): Promise<WebTraining> {
  const { measure = true, seed = 0, recipe: asked = "adapt", onEvent } = options;
  const signal = options.signal ?? new AbortController().signal;
  const classes = classesOfExamples(options);
  const start = await readStart(options.model);
  const recipe = recipeOf(start, asked, seed, options.training.length);
  const architecture = recipeArchitecture(recipe, classes);
  const initial = startingWeights(start, architecture, seed);
  const training = await decodeExamples(options.training, "training", classes, architecture.inputSize);
  const validation = await decodeExamples(options.validation, "validation", classes, architecture.inputSize);
  const fingerprint = fingerprintOf(classes, [...training.samples, ...validation.samples]);
  const identity: Identity = {
    model: digestOf([new TextDecoder("latin1").decode(start.bytes)]),
    classes,
    examples: fingerprint,
    recipe,
  };
  const store = options.checkpoints;
  const found = await store?.read();
  const resumed = found && decodeState(found, identity);

  let device = await deviceOf(start, options.device);
  const notes = [...initial.notes, ...leakNotes(training, validation)];
  if (resumed && resumed.device !== device)
    notes.push(`not bit-exact: device was ${resumed.device} and is ${device} now`);
  // Work since the last checkpoint on the lost device is repeated.
  let kept: KeptState = resumed?.state ?? {
    tensors: initial.weights,
    best: new Map(),
    progress: newProgress(),
  };
  let { best } = kept;
  const clock = new StepClock(recipe, batchesIn(training.samples.length, recipe.batchSize));
  const done = clock.stepsBefore(kept.progress.phase, kept.progress.epoch, kept.progress.step);
  const threads = Math.min(options.threads || Number.POSITIVE_INFINITY, await threadsHere());
  const images = training.samples.length;
  await onEvent?.({ kind: "start", device, threads, images, steps: clock.steps, done });
  for (const text of notes) await onEvent?.({ kind: "note", text });

  // If nothing is held out, the training examples are scored, which at least reveals damaged weights.
  const scored = measure ? validation : training;
  const shapes = [training, scored].flatMap((pixels) => pixels.samples.map((_, i) => pixels.shape(i)));
  const canvas = canvasOf(shapes, architecture.inputSize);
  const views = viewsThatFit({ recipe, architecture, memoryBudget: MEMORY }, images);
  const { emit, history } = reporter(options, clock, kept);
  let lastSave = performance.now();
  const every = (options.checkpointEvery ?? CHECKPOINT_SECONDS) * 1000;
  let canStore = store !== undefined;
  const engineOn = (on: WebDevice): Engine => webEngine(on, options.threads);
  let engine = engineOn(device);
  const host: LoopHost = {
    recipe,
    emit,
    signal,
    keepsLast: !measure,
    async saveCuts() {},
    setUp: (phase, weights) =>
      setUpPhase(
        {
          ...{ architecture, recipe, engine, training, validation: scored, canvas, views, emit, signal },
          teachers: [],
          precision: "fp32",
          cacheFeatures: true,
        },
        phase,
        weights,
      ),
    checkpointDue: () => performance.now() - lastSave > every,
    async saveCheckpoint(tensors, progress) {
      kept = { tensors, best, progress: structuredClone(progress) };
      lastSave = performance.now();
      if (!store || !canStore) return;
      try {
        await store.write(encodeState(kept, identity, device));
      } catch (error) {
        canStore = false;
        await emit("note", {
          text: `the checkpoint cannot be stored: ${messageOf(error)}; the training continues, but cannot be resumed after a reload`,
        });
        return;
      }
      await onEvent?.({ kind: "checkpoint" });
    },
    async saveBest(weights) {
      best = weights;
    },
    async loadBest() {
      return best;
    },
  };
  for (;;) {
    const progress = structuredClone(kept.progress);
    const weights = weightsOf(kept.tensors, architecture);
    try {
      const ending = await runLoop(host, weights, kept.tensors, progress);
      const about = { start: start.record, name: options.name, fingerprint, measure };
      const result =
        best.size === 0
          ? undefined
          : await bundleOfTraining(
              engine,
              { architecture, recipe, training, validation, weights: best },
              about,
            );
      for (const text of result?.notes ?? []) await onEvent?.({ kind: "note", text });
      if (ending === "finished")
        await store?.clear().catch(async (error) => {
          const text = `the checkpoint cannot be cleared: ${messageOf(error)}; clear it before the next training`;
          await onEvent?.({ kind: "note", text });
        });
      return {
        ending,
        bundle: result?.bundle,
        classes,
        validation: {
          probabilities: result?.probabilities ?? new Float32Array(0),
          labels: validation.samples.map(({ label }) => label),
        },
        history: history(),
        device,
        imagesPerSecond: progress.history.at(-1)?.imagesPerSecond ?? 0,
      };
    } catch (error) {
      if (!(error instanceof EngineLost) || device === "cpu") throw error;
      device = "cpu";
      engine = engineOn(device);
      ({ best } = kept);
      await onEvent?.({ kind: "device", device, reason: error.message });
    }
  }
}

/** Returns the weights in a checkpoint, without the optimizer's state, which later phases must not see. */
function weightsOf(tensors: StateDict, architecture: Architecture): StateDict {
  const names = new Set(describe(architecture).specs.map(({ name }) => name));
  return new Map([...tensors].filter(([name]) => names.has(name)));
}
