/** The training loop: phases, epochs, steps. Everything else listens to its events. */

import { counted } from "../util/counted.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { StateDict } from "../util/tensor.ts";
import { isBetterEpoch } from "./better-epoch.ts";
import type { Answers, Emit } from "./events.ts";
import type { Pace, Work } from "./pace.ts";
import { PhasePlan } from "./phase-plan.ts";
import { nextEpoch, nextPhase, type Progress } from "./progress.ts";
import type { Cut, Phase, Recipe } from "./recipe.ts";
import type { EpochRecord } from "./records.ts";
import type { BatchSource } from "./source.ts";
import { trainedWeights } from "./state.ts";
import type { Position, Stepper } from "./stepper.ts";

/** A phase that is ready to run. */
export interface PhaseSetup {
  /** The weights that the phase was set up with, in the form in which they train. */
  readonly weights: StateDict;
  readonly plan: PhasePlan;
  /** Its learning rate follows the plan. */
  readonly stepper: Stepper;
  readonly source: BatchSource;
  /** Scores weights on the validation split. */
  validate(weights: StateDict): Promise<Answers & { loss: number; accuracy: number }>;
  close(): Promise<void>;
}

/** What the loop needs from its host: prepared phases and saved weights. */
export interface LoopHost {
  readonly recipe: Recipe;
  readonly emit: Emit;
  /** Shortens the training if it would take too long; without one there is no time limit. */
  readonly pace?: Pace | undefined;
  /** Saves the cuts of a phase before its next step. */
  saveCuts(phase: number, cuts: readonly Cut[]): Promise<void>;
  setUp(phase: Phase, weights: StateDict): Promise<PhaseSetup>;
  /** Saves everything that a resumed run needs. */
  saveCheckpoint(tensors: StateDict, progress: Progress): Promise<void>;
  saveBest(weights: StateDict, progress: Progress): Promise<void>;
  loadBest(): Promise<StateDict>;
  /** Whether each epoch counts as better than the last, for trainings without validation data. Default: false. */
  readonly keepsLast?: boolean;
  /** Whether a checkpoint is due in the middle of an epoch. */
  checkpointDue(): boolean;
  readonly signal: AbortSignal;
}

/** A phase with fewer steps than this is not worth a forecast. */
const LONG_PHASE = 50;
const TIMED_STEPS = 3;
/** Maximum number of consecutive overflows in half precision: enough to bring a loss scale of 2^20 down to 1. */
const MOST_OVERFLOWS = 20;

export type Ending = "finished" | "interrupted";

/**
 * Trains from `progress` on, and updates it. `weights` are the classifier's; `saved` is the content of a checkpoint in the middle
 * of a phase: weights and optimizer state. All are canonical.
 */
export async function runLoop(
  host: LoopHost,
  weights: StateDict,
  saved: StateDict,
  progress: Progress,
): Promise<Ending> {
  const { recipe, emit } = host;
  let current = weights;
  let state = saved;
  while (progress.phase < recipe.phases.length) {
    const phase = recipe.phases[progress.phase] as Phase;
    if (await isLeftOut(host, phase, progress)) {
      nextPhase(progress);
      await host.saveCheckpoint(current, progress);
      continue;
    }
    await emit("phaseStart", { phase: asRecorded(phase), index: progress.phase });
    const setup = await timed(host, progress, "setUp", () => host.setUp(phase, current));
    current = setup.weights;
    try {
      checkAccumulation(recipe, setup.source.batchesPerEpoch);
      await forecast(host, setup, phase, current, progress);
      await setup.stepper.load(current, state, positionOf(setup, progress));
      for (;;) {
        if (progress.step === 0) await keepTime(host, setup, phase, progress);
        if (progress.epoch >= setup.plan.epochs || progress.sinceBest >= phase.patience) break;
        await timed(host, progress, "view", () => setup.source.prepare(progress.epoch));
        // Nothing was trained since the last checkpoint.
        if (host.signal.aborted) return "interrupted";
        const finished = await runEpoch(host, setup, phase, current, progress);
        if (!finished) return "interrupted";
        await endEpoch(host, setup, phase, current, progress);
      }
    } finally {
      await setup.close();
    }
    await endPhase(host, setup, phase, progress);
    // The next phase starts from the best weights so far; after the last phase they are the result.
    current = await host.loadBest();
    // Each phase begins with new moments.
    state = new Map();
    nextPhase(progress);
    await host.saveCheckpoint(current, progress);
  }
  return "finished";
}

/** Runs a task of the current phase; the pace, if there is one, measures its time. */
function timed<T>({ pace }: LoopHost, { phase }: Progress, work: Work, doing: () => Promise<T>): Promise<T> {
  return pace ? pace.timed(phase, work, doing) : doing();
}

/**
 * Returns whether a phase must train something, whatever the time: the first one, without which there is no result, and an
 * extension of a run, which would otherwise be empty.
 */
function isNeeded({ earlierEpochs }: Phase, { best }: Progress): boolean {
  return best === null || earlierEpochs !== undefined;
}

/** Returns whether a phase has no time left, now or by an earlier decision. */
async function isLeftOut(host: LoopHost, settings: Phase, progress: Progress): Promise<boolean> {
  const { name, cuts } = settings;
  const { phase, epoch, step, best } = progress;
  const begins = epoch + step === 0;
  const isRecorded = cuts?.at(-1)?.batches === 0;
  const hasTime = isNeeded(settings, progress) || (host.pace?.isWorthBeginning(phase) ?? true);
  if (!begins || best === null || (hasTime && !isRecorded)) return false;
  if (!isRecorded) await host.saveCuts(phase, [{ update: 0, batches: 0 }]);
  await host.emit("note", { text: `phase ${name} is left out: no time is left for it` });
  return true;
}

/** Shortens the current phase if it would take too long, or lengthens it again if there is enough time after all. */
async function keepTime(
  host: LoopHost,
  { plan }: PhaseSetup,
  phase: Phase,
  progress: Progress,
): Promise<void> {
  const { epoch, step, updates } = progress;
  const done = epoch * plan.batchesPerEpoch + step;
  // An incomplete epoch is the last one.
  if (done > plan.batches) return;
  // Weights that were neither trained nor measured are not a result.
  const least = isNeeded(phase, progress) ? Math.max(done, phase.accumulate) : done;
  const batches = host.pace?.batchesInTime(progress, plan, least);
  if (batches === undefined) return;
  plan.cut(updates, batches);
  await host.saveCuts(progress.phase, plan.cuts);
}

/** Refuses phases that end before their first update. All phases have the same number of batches per epoch. */
function checkAccumulation({ phases }: Recipe, batchesPerEpoch: number): void {
  for (const { name, epochs, accumulate } of phases) {
    const batches = batchesPerEpoch * epochs;
    if (accumulate <= batches) continue;
    throw new UsageError(
      `phase ${name} has ${batches} batches in all and would accumulate the gradients of ${accumulate} before its first update; ` +
        `accumulate at most ${batches} (${option("overrides", `phases.${name}.accumulate=${batches}`)}), or take smaller batches or more epochs`,
    );
  }
}

/**
 * Times a few batches of preparation and a few steps of a long phase, and reports a forecast for the whole phase. The state after
 * these steps is discarded.
 */
async function forecast(
  host: LoopHost,
  setup: PhaseSetup,
  phase: Phase,
  weights: StateDict,
  progress: Progress,
): Promise<void> {
  const { source, stepper, plan } = setup;
  const steps = plan.batches - source.batchesPerEpoch * progress.epoch - progress.step;
  // Under a time budget the measured steps are real training steps.
  if (steps < LONG_PHASE || host.pace) return;
  const { feeds, prepareSeconds } = await source.rehearse(progress.epoch, phase.epochs);
  if (host.signal.aborted) return;
  await stepper.load(weights);
  const seconds: number[] = [];
  for (let i = 0; i < TIMED_STEPS; i++) seconds.push((await stepper.step(feeds)).seconds);
  await host.emit("forecast", { phase, prepareSeconds, stepSeconds: Math.min(...seconds), steps });
}

/** Returns the phase for listeners, with the epochs planned so far. */
function asRecorded(phase: Phase): Phase {
  const { cuts = [], cutsPerEpoch } = phase;
  if (cuts.length === 0 || cutsPerEpoch === undefined) return phase;
  return { ...phase, epochs: new PhasePlan(phase, cutsPerEpoch).epochs };
}

/** Returns the phase for listeners once it has started. */
function asPlanned(phase: Phase, { plan }: PhaseSetup): Phase {
  return plan.cuts.length > 0 ? { ...phase, epochs: plan.epochs } : phase;
}

/** Runs the rest of an epoch's steps; returns false if interrupted, after saving. */
async function runEpoch(
  host: LoopHost,
  setup: PhaseSetup,
  phase: Phase,
  weights: StateDict,
  progress: Progress,
): Promise<boolean> {
  const { emit, signal } = host;
  const { source, stepper, plan } = setup;
  const steps = (): number => plan.stepsOf(progress.epoch);
  let overflows = 0;
  let feeds = progress.step < steps() ? source.feeds(progress.epoch, progress.step) : {};
  while (progress.step < steps()) {
    const started = performance.now();
    const batch = feeds.targets?.shape[0] as number;
    const {
      loss,
      metrics,
      finite,
      learningRate,
      seconds: stepSeconds,
    } = await timed(host, progress, "step", () => {
      const pending = stepper.step(feeds);
      // While the worker runs this step, this thread prepares the batch of the next step.
      if (progress.step + 1 < steps()) feeds = source.feeds(progress.epoch, progress.step + 1);
      return pending;
    });
    const seconds = (performance.now() - started) / 1000;
    overflows = finite ? 0 : overflows + 1;
    // In half precision a step whose gradients overflow is skipped, and the loss scale is halved for the next.
    if (overflows > MOST_OVERFLOWS || (finite && !Number.isFinite(loss))) {
      throw diverged(loss, learningRate, phase, progress);
    }
    progress.step++;
    progress.updates = stepper.position.updates;
    progress.lossSum += Number.isFinite(loss) ? loss * batch : 0;
    progress.correct += metrics.correct ?? 0;
    progress.seen += batch;
    progress.epochSeconds += seconds;
    const waitSeconds = Math.max(0, seconds - stepSeconds);
    progress.waitSeconds += waitSeconds;
    await keepTime(host, setup, phase, progress);
    await emit("step", {
      phase: asPlanned(phase, setup),
      epoch: progress.epoch + 1,
      step: progress.step,
      steps: steps(),
      loss,
      meanLoss: progress.lossSum / progress.seen,
      accuracy: progress.correct / progress.seen,
      learningRate,
      batch,
      stepSeconds: seconds,
      waitSeconds,
    });
    if (signal.aborted || (host.checkpointDue() && progress.step < steps())) {
      await host.saveCheckpoint(withState(weights, await stepper.state()), progress);
      if (signal.aborted) return false;
    }
  }
  return true;
}

function diverged(loss: number, learningRate: number, phase: Phase, { epoch, step }: Progress): VultusError {
  return new VultusError(
    `the loss became ${loss} in phase ${phase.name}, epoch ${epoch + 1}, step ${step + 1}, at a learning rate of ${learningRate.toPrecision(3)}; ` +
      `the last checkpoint (checkpoints/last.safetensors in the run folder) is intact: train again with a lower rate ` +
      `(${option("overrides", `phases.${phase.name}.optimizer.learningRate=${(learningRate / 10).toPrecision(1)}`)}) or with ${option("overrides", `phases.${phase.name}.clipNorm=1`)}`,
  );
}

/** Validates, keeps the weights if they are the best so far, and records the epoch. */
async function endEpoch(
  host: LoopHost,
  setup: PhaseSetup,
  phase: Phase,
  weights: StateDict,
  progress: Progress,
): Promise<void> {
  const { stepper } = setup;
  const canonical = await stepper.state();
  const trained = trainedWeights(weights, canonical, phase.ema > 0);
  const { loss, accuracy, ...answers } = await timed(host, progress, "validate", () =>
    setup.validate(trained),
  );
  const learningRate = stepper.rate(Math.max(0, progress.updates - 1));
  if (!Number.isFinite(loss)) throw diverged(loss, learningRate, phase, progress);
  const record: EpochRecord = {
    phase: phase.name,
    epoch: progress.epoch + 1,
    trainLoss: progress.lossSum / progress.seen,
    trainAccuracy: progress.correct / progress.seen,
    validationLoss: loss,
    validationAccuracy: accuracy,
    learningRate,
    seconds: progress.epochSeconds,
    imagesPerSecond: progress.seen / progress.epochSeconds,
    dataShare: progress.waitSeconds / progress.epochSeconds,
  };
  progress.history.push(record);
  const betterInPhase = accuracy > progress.phaseBest + phase.minimumImprovement;
  progress.sinceBest = betterInPhase ? 0 : progress.sinceBest + 1;
  progress.phaseBest = Math.max(progress.phaseBest, accuracy);
  const improved = host.keepsLast === true || isBetterEpoch(record, bestRecord(progress));
  const steps = setup.plan.stepsOf(progress.epoch);
  nextEpoch(progress);
  if (improved) {
    progress.best = { phase: phase.name, epoch: record.epoch, accuracy };
    await host.saveBest(trained, progress);
  }
  await host.saveCheckpoint(withState(weights, canonical), progress);
  await host.emit("epochEnd", { phase: asPlanned(phase, setup), record, improved, steps, answers });
}

/** Returns the record of the epoch with the best weights so far. */
function bestRecord({ best, history }: Progress): EpochRecord | undefined {
  return history.findLast(({ phase, epoch }) => phase === best?.phase && epoch === best.epoch);
}

async function endPhase(
  host: LoopHost,
  { plan }: PhaseSetup,
  phase: Phase,
  progress: Progress,
): Promise<void> {
  const { emit } = host;
  const epochs = progress.history.filter((record) => record.phase === phase.name);
  if (epochs.length === 0) {
    await emit("note", { text: `phase ${phase.name} is left out: time was up before its first step` });
    return;
  }
  const seconds = epochs.reduce((sum, record) => sum + record.seconds, 0);
  const pictures = epochs.reduce((sum, record) => sum + record.imagesPerSecond * record.seconds, 0);
  const record = {
    name: phase.name,
    epochs: epochs.length,
    seconds,
    imagesPerSecond: pictures / seconds,
    best: progress.phaseBest,
  };
  progress.phases.push(record);
  const reason =
    progress.sinceBest >= phase.patience
      ? `no better for ${counted(progress.sinceBest, "epoch")} in a row`
      : endOf(plan, phase);
  await emit("phaseEnd", { phase, record, reason });
}

/** Returns why a phase that completed its plan ended. */
function endOf(plan: PhasePlan, { epochs }: Phase): string {
  const trained = Number((plan.batches / plan.batchesPerEpoch).toFixed(2));
  if (plan.batches < plan.unchanged) return `time is up after ${trained} of ${counted(epochs, "epoch")}`;
  if (plan.batches > plan.unchanged)
    return `all ${counted(trained, "epoch")} that there was time for are done, instead of ${epochs}`;
  return epochs === 1 ? "its 1 epoch is done" : `all ${epochs} epochs are done`;
}

/** Returns the position in the phase, in batches and updates. */
function positionOf({ source }: PhaseSetup, { epoch, step, updates }: Progress): Position {
  return { batches: epoch * source.batchesPerEpoch + step, updates };
}

/** Returns all current weights, and the rest of the state under its own names. */
function withState(weights: StateDict, canonical: StateDict): StateDict {
  return new Map([...weights, ...canonical]);
}
