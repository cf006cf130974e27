/** Prepares a phase: compiles and loads its program, and chooses the source of its batches. */

import type { Canvas } from "../augment/canvas.ts";
import type { Pixels } from "../data/pixels.ts";
import { classWeights } from "../data/sampler.ts";
import { collect, lossAndAccuracy, scoringBatch, validationFeeds } from "../evaluate/score.ts";
import { losses } from "../losses/registry.ts";
import { confusionMatrix } from "../metrics/confusion.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { compileFeatures, compileHead, compilePredict } from "../program/predict.ts";
import type { Program } from "../program/program.ts";
import type { Teacher } from "../program/teachers.ts";
import { compileTrain } from "../program/train.ts";
import { blockOf } from "../runtime/blocks.ts";
import type { Engine, OpenProgram } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import type { Emit } from "./events.ts";
import { unfoldNorms } from "./folded-norms.ts";
import type { PhaseSetup } from "./loop.ts";
import { PhasePlan } from "./phase-plan.ts";
import { type Phase, trainingSize } from "./recipe.ts";
import type { TrainSettings } from "./settings.ts";
import type { BatchSource } from "./source.ts";
import { featureSource, pictureSource } from "./sources.ts";
import { Stepper } from "./stepper.ts";
import { stageRates, trainableStages, trainsOnFeatures } from "./trainable.ts";
import { targetPrior } from "./trained-prior.ts";
import { watchedIndices } from "./watched.ts";

/** Batch size of the frozen backbone when features are cached. */
const FEATURE_BATCH = 32;

export interface SetupContext
  extends Pick<TrainSettings, "architecture" | "recipe" | "precision" | "cacheFeatures" | "signal"> {
  readonly teachers: readonly Teacher[];
  readonly engine: Engine;
  readonly training: Pixels;
  readonly validation: Pixels;
  readonly canvas: Canvas;
  /** Augmented views per image that are kept if features are cached. */
  readonly views: number;
  readonly emit: Emit;
}

export async function setUpPhase(context: SetupContext, phase: Phase, given: StateDict): Promise<PhaseSetup> {
  const { architecture, recipe, engine, training, canvas, views, teachers, emit } = context;
  const { backbone } = architecture;
  const seen = { ...architecture, inputSize: trainingSize(architecture, phase) };
  const trainable = trainableStages(backbone, phase.train);
  const batch = Math.min(recipe.batchSize, training.samples.length);
  const cached = trainsOnFeatures(trainable, context.cacheFeatures && teachers.length === 0);
  if (!cached && trainsOnFeatures(trainable, context.cacheFeatures))
    await emit("note", {
      text: `phase ${phase.name} computes the frozen backbone in each step, because teachers need images, not features`,
    });
  const labels = training.samples.map((sample) => sample.label);
  const weights =
    phase.batchNorm === "batch"
      ? await unfoldNorms({ architecture: seen, engine, training, canvas, seed: recipe.seed }, given)
      : given;
  if (weights !== given)
    await emit("note", {
      text: `the batch norms of these weights are folded into their convolutions; since phase ${phase.name} normalises by batch statistics, their own are measured on training images first`,
    });
  const program = compileTrain({
    architecture: seen,
    weights,
    batch,
    trainable: (stage) => trainable.has(stage),
    input: cached ? { kind: "features" } : { kind: "pictures", canvas, augmentation: recipe.augmentation },
    batchNorm: phase.batchNorm,
    stochasticDepth: recipe.stochasticDepth,
    optimizer: phase.optimizer,
    rateFactor: stageRates(backbone, phase.stageDecay),
    loss: recipe.loss,
    teachers,
    distillation: recipe.distillation,
    labelSmoothing: recipe.labelSmoothing,
    classWeights:
      recipe.classWeights === "balanced" ? classWeights(labels, architecture.classes.length) : undefined,
    prior: targetPrior(training.samples, architecture.classes.length, recipe),
    clipNorm: phase.clipNorm,
    ema: phase.ema,
    accumulate: phase.accumulate,
    precision: context.precision,
    block: await blockOf(engine),
  });
  const common = {
    pixels: training,
    classes: architecture.classes.length,
    targets: losses[recipe.loss.type].targets,
    canvas,
    augmentation: recipe.augmentation,
    inputSize: seen.inputSize,
    sampler: recipe.sampler,
    seed: recipe.seed,
    phase: phase.name,
    batchSize: batch,
  };
  const begin = async (
    source: BatchSource,
  ): Promise<Pick<PhaseSetup, "weights" | "source" | "plan" | "stepper">> => {
    const plan = new PhasePlan(phase, source.batchesPerEpoch);
    const rate = (update: number): number => plan.rate(update);
    return {
      weights,
      source,
      plan,
      stepper: await Stepper.open(engine, program, { rate, key: [recipe.seed, phase.name] }),
    };
  };
  if (!cached) {
    const begun = await begin(pictureSource(common));
    return { ...begun, validate: picturesValidation(context), close: () => begun.stepper.release() };
  }
  if (views < recipe.views) {
    await emit("note", {
      text: `${views} of ${recipe.views} augmented views are kept, as many as fitted in memory when the run started`,
    });
  }
  if (recipe.augmentation.mixup > 0 || recipe.augmentation.cutmix > 0) {
    await emit("note", {
      text: "mixup and CutMix are off in this phase, because images cannot be mixed once their features are cached",
    });
  }
  const augmentation = { ...recipe.augmentation, mixup: 0, cutmix: 0 };
  const view = { batch: Math.min(FEATURE_BATCH, training.samples.length), augmentation };
  const frozen = await engine.open(compileFeatures(seen, weights, canvas, view));
  const source = featureSource({
    ...common,
    augmentation,
    views,
    backbone: frozen,
    featureBatch: view.batch,
    features: backbone.features,
    onBatch: (progress) => emit("features", progress),
    signal: context.signal,
  });
  const begun = await begin(source);
  return {
    ...begun,
    validate: await featuresValidation(context, weights),
    async close() {
      await frozen.release();
      await begun.stepper.release();
    },
  };
}

/** Scores weights with the prediction program, which is rebuilt because its weights are constants. */
function picturesValidation(context: SetupContext): PhaseSetup["validate"] {
  const { architecture, engine, validation, canvas } = context;
  const feeds = (indices: readonly number[]): Tensors =>
    validationFeeds(validation, indices, canvas, architecture);
  return async (weights) => {
    const program = compilePredict(architecture, weights, canvas, scoringBatch(validation.samples.length));
    return withProgram(engine, program, (open) => score(open, feeds, context));
  };
}

/** Scores a head on the features of the frozen backbone, which are computed once. */
async function featuresValidation(context: SetupContext, frozen: StateDict): Promise<PhaseSetup["validate"]> {
  const { architecture, engine, validation, canvas } = context;
  const width = architecture.backbone.features;
  const all = await withProgram(
    engine,
    compileFeatures(architecture, frozen, canvas, { batch: scoringBatch(validation.samples.length) }),
    (open) =>
      collect(open, "features", validation.samples.length, (indices) =>
        validationFeeds(validation, indices, canvas, architecture),
      ),
  );
  return async (weights) => {
    const feeds = (indices: readonly number[]): Tensors => {
      const rows = new Float32Array(indices.length * width);
      for (const [row, index] of indices.entries())
        rows.set(all.subarray(index * width, (index + 1) * width), row * width);
      return { features: floatTensor([indices.length, width], rows) };
    };
    return withProgram(engine, compileHead(architecture, weights), (open) => score(open, feeds, context));
  };
}

async function score(
  open: OpenProgram,
  feeds: (indices: readonly number[]) => Tensors,
  { validation, architecture, recipe }: SetupContext,
): ReturnType<PhaseSetup["validate"]> {
  const logits = await collect(open, "logits", validation.samples.length, feeds);
  const labels = validation.samples.map((sample) => sample.label);
  const count = architecture.classes.length;
  const rows = watchedIndices(labels, count, recipe.seed).map((index) =>
    softmaxRows(logits.subarray(index * count, (index + 1) * count), count),
  );
  return {
    ...lossAndAccuracy(logits, labels, count),
    confusion: confusionMatrix(labels, argmaxRows(logits, count), count),
    watched: rows.map((row) => Array.from(row, (p) => Number(p.toFixed(4)))),
  };
}

async function withProgram<T>(
  engine: Engine,
  program: Program,
  use: (open: OpenProgram) => Promise<T>,
): Promise<T> {
  const open = await engine.open(program);
  try {
    return await use(open);
  } finally {
    await open.release();
  }
}

/** Returns how many of the recipe's augmented views of `pictures` fit into the memory for cached features. */
export function viewsThatFit(
  { recipe, architecture, memoryBudget }: Pick<TrainSettings, "recipe" | "architecture" | "memoryBudget">,
  pictures: number,
): number {
  const bytes = pictures * architecture.backbone.features * Float32Array.BYTES_PER_ELEMENT;
  return Math.max(1, Math.min(recipe.views, Math.floor(memoryBudget / bytes)));
}
