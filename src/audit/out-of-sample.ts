/** Out-of-sample probabilities: each sample is judged by a head that was trained on the other folds. */

import type { Sample } from "../data/dataset.ts";
import { batches, shuffledOrder } from "../data/sampler.ts";
import { Graph } from "../graph/graph.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { type Architecture, buildHead, withNewWeights } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { adamwDefaults, type OptimizerOptions } from "../optim/optimizer.ts";
import { rateAt, type Schedule } from "../optim/schedules.ts";
import { compileHead } from "../program/predict.ts";
import { compileTrain } from "../program/train.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import { targetsOf } from "../train/source.ts";
import { Stepper } from "../train/stepper.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";

/** [N, width], row after row. */
export interface Features {
  readonly rows: Float32Array;
  readonly width: number;
}

const BATCH = 256;
/** Passes over the other folds; more if they would give fewer steps than this minimum. */
const EPOCHS = 8;
const FEWEST_STEPS = 200;
const optimizer: OptimizerOptions = {
  type: "adamw",
  learningRate: 1e-3,
  weightDecay: 0.01,
  ...adamwDefaults,
};
const schedule: Schedule = { type: "cosine", warmup: 0, minimumFactor: 0 };

/** `architecture` provides the classes and the backbone's structure; `foldOf` holds one fold per sample. */
export async function outOfSampleProbabilities(
  engine: Engine,
  architecture: Architecture,
  features: Features,
  samples: readonly Sample[],
  foldOf: readonly number[],
  seed: number,
  onStep: (done: number, total: number) => void = () => {},
): Promise<Float64Array> {
  const { backbone, classes } = architecture;
  const own: Architecture = {
    ...architecture,
    backbone: { ...backbone, features: features.width },
    head: "reference",
    dropout: 0.4,
  };
  const folds = foldOf.reduce((most, fold) => Math.max(most, fold), 0) + 1;
  const probabilities = new Float64Array(samples.length * classes.length);
  for (let fold = 0; fold < folds; fold++) {
    const indices = (inside: boolean): number[] =>
      samples.flatMap((_, i) => ((foldOf[i] === fold) === inside ? [i] : []));
    const progress = (done: number, total: number): void => onStep(fold * total + done, folds * total);
    const weights = await trainHead(engine, own, features, samples, indices(false), [seed, fold], progress);
    const held = indices(true);
    const open = await engine.open(compileHead(own, weights));
    try {
      const { logits } = await open.run({ features: gathered(features, held) });
      const rows = softmaxRows(logits?.data as Float32Array, classes.length);
      for (const [row, index] of held.entries())
        probabilities.set(
          rows.subarray(row * classes.length, (row + 1) * classes.length),
          index * classes.length,
        );
    } finally {
      await open.release();
    }
  }
  return probabilities;
}

async function trainHead(
  engine: Engine,
  architecture: Architecture,
  features: Features,
  samples: readonly Sample[],
  training: readonly number[],
  key: readonly [seed: number, fold: number],
  onStep: (done: number, total: number) => void,
): Promise<StateDict> {
  const batch = Math.min(BATCH, training.length);
  const initial = newHead(architecture, features.width, key);
  const program = compileTrain({
    architecture,
    weights: initial,
    batch,
    trainable: (stage) => stage === "head",
    input: { kind: "features" },
    batchNorm: "running",
    optimizer,
  });
  const stepsPerEpoch = batches(training, batch, true).length;
  const epochs = Math.max(EPOCHS, Math.ceil(FEWEST_STEPS / stepsPerEpoch));
  const length = { stepsPerEpoch, totalSteps: epochs * stepsPerEpoch };
  let order: number[][] = [];
  const feedsOf = (step: number): Tensors => {
    const epoch = Math.floor(step / stepsPerEpoch);
    if (step % stepsPerEpoch === 0)
      order = batches(shuffledOrder(training.length, ...key, "labels", epoch), batch, true);
    const chosen = (order[step % stepsPerEpoch] as number[]).map((i) => training[i] as number);
    return {
      features: gathered(features, chosen),
      targets: targetsOf(
        chosen.map((i) => samples[i] as Sample),
        architecture.classes.length,
      ),
    };
  };
  const stepper = await Stepper.open(engine, program, {
    rate: (update) => rateAt(schedule, optimizer.learningRate, update, length),
    key: [...key, "labels"],
  });
  try {
    await stepper.load(initial);
    let feeds = feedsOf(0);
    for (let step = 0; step < length.totalSteps; step++) {
      const pending = stepper.step(feeds);
      // While the worker runs this step, this thread prepares the next batch.
      if (step + 1 < length.totalSteps) feeds = feedsOf(step + 1);
      await pending;
      onStep(step + 1, length.totalSteps);
    }
    return await stepper.weights();
  } finally {
    await stepper.release();
  }
}

/** Returns new weights for the head only. */
function newHead(
  architecture: Architecture,
  width: number,
  [seed, fold]: readonly [number, number],
): StateDict {
  const graph = new Graph();
  const net = new Network({ graph, weights: new Map(), trainable: () => true, training: true });
  buildHead(net, architecture, graph.input("features", "float32", [1, width]));
  return withNewWeights([...net.parameters.specs.values()], new Map(), seed + fold);
}

function gathered({ rows, width }: Features, indices: readonly number[]) {
  const data = new Float32Array(indices.length * width);
  for (const [row, i] of indices.entries()) data.set(rows.subarray(i * width, (i + 1) * width), row * width);
  return floatTensor([indices.length, width], data);
}
