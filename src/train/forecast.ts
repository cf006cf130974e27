/** What a recipe will take on this machine, from a few measured steps and the cost of every stage. */

import { type Architecture, type Description, describe, withNewWeights } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { stepNumbers } from "../optim/optimizer.ts";
import { compileTrain } from "../program/train.ts";
import type { Engine } from "../runtime/engine.ts";
import { floatTensor, sizeOf, type Tensor } from "../util/tensor.ts";
import type { Phase, Recipe } from "./recipe.ts";
import { dropoutMasks } from "./source.ts";
import { initialState } from "./state.ts";
import { trainableStages, trainsOnFeatures } from "./trainable.ts";

/** Steps that are measured after a first one that warms up. */
const MEASURED = 3;

/** The architecture that a recipe trains. */
export function architectureOf(recipe: Recipe, classes: readonly string[]): Architecture {
  return {
    backbone: backboneNamed(recipe.model),
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
): Promise<number> {
  const architecture = architectureOf(recipe, classes);
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
  const open = await engine.open(program);
  try {
    await open.load(initialState(program, weights));
    const feeds: Record<string, Tensor> = { ...dropoutMasks(program.masks, 0) };
    const scalars = stepNumbers(phase.optimizer, 1, 0);
    for (const { name, shape, role } of program.tensors) {
      if (role !== "feed" || feeds[name]) continue;
      const value = scalars[name as keyof typeof scalars] ?? 1 / classes.length;
      feeds[name] = floatTensor(shape as number[], new Float32Array(sizeOf(shape as number[])).fill(value));
    }
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i <= MEASURED; i++) {
      const seconds = Number((await open.step(feeds)).seconds?.data[0]);
      if (i > 0) best = Math.min(best, seconds);
    }
    return (batch * macsOfStep(description, trainable)) / best;
  } finally {
    await open.release();
  }
}

/** Seconds that all epochs of a recipe take at `rate`, early stopping apart. */
export function forecastSeconds(
  recipe: Recipe,
  classes: readonly string[],
  pictures: number,
  rate: number,
  cacheFeatures: boolean,
): number {
  const architecture = architectureOf(recipe, classes);
  const description = describe(architecture);
  return recipe.phases.reduce((total, phase) => {
    const trainable = trainableStages(architecture.backbone, phase.train);
    const cached = trainsOnFeatures(trainable, cacheFeatures);
    const passes = cached ? Math.min(recipe.views, phase.epochs) : phase.epochs;
    const macs = macsOfStep(description, trainable) * phase.inputScale ** 2;
    return total + (passes * pictures * macs) / rate;
  }, 0);
}

/** Per picture: one forward pass, and two more of what trains, for the gradients of inputs and of weights. */
function macsOfStep({ stages }: Description, trainable: ReadonlySet<string>): number {
  return stages.reduce((sum, { name, macs }) => sum + macs * (trainable.has(name) ? 3 : 1), 0);
}
