/** Forecasts a recipe's duration on this machine from a few measured steps and the cost of every stage. */

import { withAttention } from "../models/attention.ts";
import { type Architecture, type Description, describe, withNewWeights } from "../models/classifier.ts";
import { type BackboneOptions, backboneNamed } from "../models/registry.ts";
import { compileHead } from "../program/predict.ts";
import { compileTrain } from "../program/train.ts";
import { blockOf } from "../runtime/blocks.ts";
import type { Engine } from "../runtime/engine.ts";
import { floatTensor, sizeOf, type Tensor } from "../util/tensor.ts";
import type { Phase, Recipe } from "./recipe.ts";
import { Stepper } from "./stepper.ts";
import { trainableStages, trainsOnFeatures } from "./trainable.ts";

/**
 * Number of measured steps after a first one for warm-up, and the maximum number of images in them: their time grows with the
 * images.
 */
const MEASURED = 3;
const MEASURED_BATCH = 8;

/** Returns the architecture that a recipe trains; its model is registered or among `known.backbones`. */
export function recipeArchitecture(
  recipe: Recipe,
  classes: readonly string[],
  known: BackboneOptions = {},
): Architecture {
  return {
    backbone: withAttention(backboneNamed(recipe.model, known), recipe.attention),
    head: recipe.head,
    classes,
    dropout: recipe.dropout,
    inputSize: recipe.inputSize,
    resize: recipe.validationResize,
  };
}

/** The speed of this machine on the networks of a recipe. */
export interface Speed {
  /** Multiply-accumulates per second. */
  readonly rate: number;
  /** Seconds to compile and open a program. */
  readonly open: number;
}

/** Measures the last phase of a recipe on a few random images; no step starts later than `most` seconds after the beginning. */
export async function measureSpeed(
  engine: Engine,
  recipe: Recipe,
  classes: readonly string[],
  most: number,
  known: BackboneOptions = {},
): Promise<Speed> {
  const architecture = recipeArchitecture(recipe, classes, known);
  const description = describe(architecture);
  const phase = recipe.phases.at(-1) as Phase;
  const trainable = trainableStages(architecture.backbone, phase.train);
  const weights = withNewWeights(description.specs, new Map(), 0);
  // A newly started engine is not ready before this.
  await (await engine.open(compileHead(architecture, weights))).release();
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const batch = Math.min(recipe.batchSize, MEASURED_BATCH);
  const program = compileTrain({
    architecture,
    weights,
    batch,
    trainable: (stage) => trainable.has(stage),
    input: { kind: "normalised" },
    batchNorm: phase.batchNorm,
    optimizer: phase.optimizer,
    block: await blockOf(engine),
  });
  const stepper = await Stepper.open(engine, program, { rate: 0 });
  try {
    await stepper.load(weights);
    const open = seconds();
    const { inputSize: side, backbone } = architecture;
    const even = (...shape: number[]): Tensor =>
      floatTensor(shape, new Float32Array(sizeOf(shape)).fill(1 / classes.length));
    const feeds = {
      pictures: even(batch, backbone.preprocessing.mean.length, side, side),
      targets: even(batch, classes.length),
    };
    let best = (await stepper.step(feeds)).seconds;
    for (let i = 0; i < MEASURED && seconds() < most; i++)
      best = Math.min(best, (await stepper.step(feeds)).seconds);
    return { rate: (batch * macsOfStep(description, trainable)) / best, open };
  } finally {
    await stepper.release();
  }
}

/** The forecast duration of a phase, in seconds. */
export interface PhaseCost {
  /** Time until its first step, including the features of the validation images if features are cached. */
  readonly setUp: number;
  /** Number of steps of all epochs, and the seconds per step. */
  readonly steps: number;
  readonly step: number;
  /** Number of validations, one per epoch, and the seconds per validation. */
  readonly epochs: number;
  readonly validate: number;
  /** Number of augmented views whose features are cached, and the seconds per view. */
  readonly views: number;
  readonly view: number;
}

/** Minimum seconds of a program run. */
const LEAST_STEP = 0.002;

/** Returns the duration of each phase of a recipe for a number of images, without early stopping. */
export function phaseCosts(
  recipe: Recipe,
  classes: readonly string[],
  pictures: { readonly training: number; readonly validation: number },
  { rate, open }: Speed,
  { cacheFeatures, teachers = [], ...known }: ForecastOptions,
): PhaseCost[] {
  const architecture = recipeArchitecture(recipe, classes, known);
  const description = describe(architecture);
  const taught = macsOf(teachers);
  const batch = Math.min(recipe.batchSize, pictures.training);
  const forward = macsOfStep(description, new Set()) / rate;
  return recipe.phases.map((phase) => {
    const trainable = trainableStages(architecture.backbone, phase.train);
    const cached = trainsOnFeatures(trainable, cacheFeatures && teachers.length === 0);
    const macs = macsOfStep(description, trainable) * phase.inputScale ** 2 + taught;
    const validate = pictures.validation * forward;
    return {
      setUp: open + (cached ? validate : 0),
      steps: Math.floor(pictures.training / batch) * phase.epochs,
      step: cached ? LEAST_STEP : LEAST_STEP + (batch * macs) / rate,
      epochs: phase.epochs,
      validate: open / 2 + (cached ? 0 : validate),
      views: cached ? Math.min(recipe.views, phase.epochs) : 0,
      view: cached ? pictures.training * forward : 0,
    };
  });
}

/** Returns the seconds of a forward pass of one image. */
export function forwardSeconds(
  recipe: Recipe,
  classes: readonly string[],
  { rate }: Speed,
  known: BackboneOptions = {},
): number {
  return macsOf([recipeArchitecture(recipe, classes, known)]) / rate;
}

/** Returns the total seconds of a phase. */
export function totalOf({ setUp, steps, step, epochs, validate, views, view }: PhaseCost): number {
  return setUp + steps * step + epochs * validate + views * view;
}

export interface ForecastOptions extends BackboneOptions {
  readonly cacheFeatures: boolean;
  /** Networks that also see every image of every epoch, each at its own size. */
  readonly teachers?: readonly Architecture[] | undefined;
}

/** Returns the seconds for all epochs of a recipe at `rate`, without early stopping. */
export function forecastSeconds(
  recipe: Recipe,
  classes: readonly string[],
  pictures: number,
  rate: number,
  { cacheFeatures, teachers = [], ...known }: ForecastOptions,
): number {
  const architecture = recipeArchitecture(recipe, classes, known);
  const description = describe(architecture);
  const taught = macsOf(teachers);
  return recipe.phases.reduce((total, phase) => {
    const trainable = trainableStages(architecture.backbone, phase.train);
    const cached = trainsOnFeatures(trainable, cacheFeatures && teachers.length === 0);
    const passes = cached ? Math.min(recipe.views, phase.epochs) : phase.epochs;
    const macs = macsOfStep(description, trainable) * phase.inputScale ** 2 + taught;
    return total + (passes * pictures * macs) / rate;
  }, 0);
}

/** Returns the multiply-accumulates of a forward pass through each of the networks. */
function macsOf(networks: readonly Architecture[]): number {
  return networks.reduce((sum, network) => sum + macsOfStep(describe(network), new Set()), 0);
}

/**
 * Returns the multiply-accumulates per image: one forward pass, and two more for trained layers, for the gradients of inputs and
 * of weights.
 */
function macsOfStep({ stages }: Description, trainable: ReadonlySet<string>): number {
  return stages.reduce((sum, { name, macs }) => sum + macs * (trainable.has(name) ? 3 : 1), 0);
}
