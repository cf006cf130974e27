/** What a recipe will take on this machine, from a few measured steps and the cost of every stage. */

import { type Architecture, type Description, describe, withNewWeights } from "../models/classifier.ts";
import { type BackboneOptions, backboneNamed } from "../models/registry.ts";
import { compileTrain } from "../program/train.ts";
import type { Engine } from "../runtime/engine.ts";
import { floatTensor, sizeOf, type Tensor } from "../util/tensor.ts";
import type { Phase, Recipe } from "./recipe.ts";
import { Stepper } from "./stepper.ts";
import { trainableStages, trainsOnFeatures } from "./trainable.ts";

/** Steps that are measured after a first one that warms up. */
const MEASURED = 3;

/** The architecture that a recipe trains; its model is registered or among `known.backbones`. */
export function recipeArchitecture(
  recipe: Recipe,
  classes: readonly string[],
  known: BackboneOptions = {},
): Architecture {
  return {
    backbone: backboneNamed(recipe.model, known),
    head: recipe.head,
    classes,
    dropout: recipe.dropout,
    inputSize: recipe.inputSize,
    resize: recipe.validationResize,
  };
}

/** Multiply-accumulates per second of the recipe's last phase, measured on random pictures. */
export async function measureRate(
  engine: Engine,
  recipe: Recipe,
  classes: readonly string[],
  known: BackboneOptions = {},
): Promise<number> {
  const architecture = recipeArchitecture(recipe, classes, known);
  const description = describe(architecture);
  const phase = recipe.phases.at(-1) as Phase;
  const trainable = trainableStages(architecture.backbone, phase.train);
  const weights = withNewWeights(description.specs, new Map(), 0);
  const batch = recipe.batchSize;
  const program = compileTrain({
    architecture,
    weights,
    batch,
    trainable: (stage) => trainable.has(stage),
    input: { kind: "normalised" },
    batchNorm: phase.batchNorm,
    optimizer: phase.optimizer,
  });
  const stepper = await Stepper.open(engine, program, { rate: 0 });
  try {
    await stepper.load(weights);
    const { inputSize: side, backbone } = architecture;
    const even = (...shape: number[]): Tensor =>
      floatTensor(shape, new Float32Array(sizeOf(shape)).fill(1 / classes.length));
    const feeds = {
      pictures: even(batch, backbone.preprocessing.mean.length, side, side),
      targets: even(batch, classes.length),
    };
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i <= MEASURED; i++) {
      const { seconds } = await stepper.step(feeds);
      if (i > 0) best = Math.min(best, seconds);
    }
    return (batch * macsOfStep(description, trainable)) / best;
  } finally {
    await stepper.release();
  }
}

export interface ForecastOptions extends BackboneOptions {
  readonly cacheFeatures: boolean;
  /** Networks that see every image of every epoch beside the one that trains, at sizes of their own. */
  readonly teachers?: readonly Architecture[] | undefined;
}

/** Seconds that all epochs of a recipe take at `rate`, early stopping apart. */
export function forecastSeconds(
  recipe: Recipe,
  classes: readonly string[],
  pictures: number,
  rate: number,
  { cacheFeatures, teachers = [], ...known }: ForecastOptions,
): number {
  const architecture = recipeArchitecture(recipe, classes, known);
  const description = describe(architecture);
  const taught = teachers.reduce((sum, teacher) => sum + macsOfStep(describe(teacher), new Set()), 0);
  return recipe.phases.reduce((total, phase) => {
    const trainable = trainableStages(architecture.backbone, phase.train);
    const cached = trainsOnFeatures(trainable, cacheFeatures && teachers.length === 0);
    const passes = cached ? Math.min(recipe.views, phase.epochs) : phase.epochs;
    const macs = macsOfStep(description, trainable) * phase.inputScale ** 2 + taught;
    return total + (passes * pictures * macs) / rate;
  }, 0);
}

/** Per picture: one forward pass, and two more of what trains, for the gradients of inputs and of weights. */
function macsOfStep({ stages }: Description, trainable: ReadonlySet<string>): number {
  return stages.reduce((sum, { name, macs }) => sum + macs * (trainable.has(name) ? 3 : 1), 0);
}
