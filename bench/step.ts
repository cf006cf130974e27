/**
 * Times one kind of step of a backbone in vultus, the way test/reference/bench_backbone.py does in PyTorch:
 *
 *     node --import tsx bench/step.ts --mode layer4 [--model resnet50] [--batch 16] [--size 224] [--threads 2]
 *         [--device cpu] [--precision fp32] [--teacher resnet50]
 *
 * runs one iteration, prints {"ready": true}, then runs one more for every line on stdin and prints {"seconds",
 * "imagesPerSecond", "peakRssMB", "gflops"}; exits at the end of its input.
 *
 * --profile PREFIX writes ONNX Runtime's profile; bench/profile.ts reads it. --mode predict | features (the head on cached
 * features) | head | layer4 | layer3 | all | all-batchnorm
 */

import { createInterface } from "node:readline";
import { setImmediate, setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Architecture, describe, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { adamwDefaults, type OptimizerOptions } from "../src/optim/optimizer.ts";
import { compileForward } from "../src/program/predict.ts";
import { type Program, stateNames } from "../src/program/program.ts";
import type { Teacher } from "../src/program/teachers.ts";
import { compileTrain } from "../src/program/train.ts";
import { blockOf } from "../src/runtime/blocks.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { restartWithHugePages } from "../src/runtime/huge-pages.node.ts";
import { openSession } from "../src/runtime/session.node.ts";
import type { Device } from "../src/runtime/session.ts";
import { Stepper } from "../src/train/stepper.ts";
import { random } from "../src/util/random.ts";
import { floatTensor, type StateDict, sizeOf } from "../src/util/tensor.ts";

// Like the command line.
restartWithHugePages();

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "layer4" },
    model: { type: "string", default: "resnet50" },
    batch: { type: "string", default: "16" },
    size: { type: "string", default: "224" },
    threads: { type: "string", default: "2" },
    device: { type: "string", default: "cpu" },
    precision: { type: "string", default: "fp32" },
    teacher: { type: "string" },
    profile: { type: "string" },
  },
});
const { mode, profile } = values;
const device = values.device as Device;
const precision = values.precision === "fp16" ? "fp16" : "fp32";
const [batch, size, threads] = [Number(values.batch), Number(values.size), Number(values.threads)];

const backbone = backboneNamed(values.model);
const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
const architecture: Architecture = {
  backbone,
  head: "reference",
  classes,
  dropout: 0.4,
  inputSize: size,
  resize: 1,
};
const description = describe(architecture);
const drawWeights = (): StateDict => withNewWeights(description.specs, new Map(), 1);
const engine = localEngine(
  (program) =>
    openSession(program.model, {
      device,
      threads,
      carries: stateNames(program),
      // Not of the question for blocks.
      ...(profile && program.name !== "blocks" ? { profile } : {}),
    }),
  device,
);

const groups: Record<string, number> = { features: 0, head: 0, layer4: 1, layer3: 2 };
const trained = new Set([
  "head",
  ...backbone.unfreeze.slice(0, groups[mode] ?? backbone.unfreeze.length).flat(),
]);
const cached = mode === "features";
const computed = description.stages.filter(({ name }) => !cached || name === "head");
const channels = backbone.preprocessing.mean.length;
const rng = random("bench");
const shape = cached ? [batch, backbone.features] : [batch, channels, size, size];
const pictures = floatTensor(shape, Float32Array.from({ length: sizeOf(shape) }, rng.normal));

const { iterate, release } = mode === "predict" ? await prediction() : await training();
await iterate();
console.log(JSON.stringify({ ready: true }));
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  await iterate();
  const seconds = (performance.now() - started) / 1000;
  const macs = computed.reduce(
    (sum, stage) => sum + stage.macs * (mode !== "predict" && trained.has(stage.name) ? 3 : 1),
    0,
  );
  console.log(
    JSON.stringify({
      seconds,
      imagesPerSecond: batch / seconds,
      peakRssMB: process.resourceUsage().maxRSS / 1024,
      gflops: (2 * macs * batch) / seconds / 1e9,
    }),
  );
}
// The profile is written at the end of the session.
await release();

interface Timed {
  iterate(): Promise<unknown>;
  release(): Promise<void>;
}

async function prediction(): Promise<Timed> {
  const program = forward();
  // A program that reads a bundle holds only its own program, never the weights in addition. They must not count.
  setFlagsFromString("--expose-gc");
  await setImmediate();
  runInNewContext("gc")();
  // Their memory is freed on another thread.
  await setTimeout(300);
  const open = await engine.open(program);
  return { iterate: () => open.run({ pictures }), release: () => open.release() };
}

/** A separate function, since the weights live as long as the call that drew them. */
function forward(): Program {
  return compileForward(architecture, drawWeights(), batch);
}

/** A teacher with the student's input size and random weights. */
function teacherNamed(name: string): Teacher {
  const taught = { ...architecture, backbone: backboneNamed(name) };
  const drawn = withNewWeights(describe(taught).specs, new Map(), 2);
  return { architecture: taught, weights: drawn, temperature: 1, weight: 1 };
}

async function training(): Promise<Timed> {
  const optimizer: OptimizerOptions = {
    type: "adamw",
    learningRate: 1e-4,
    weightDecay: 1e-4,
    ...adamwDefaults,
  };
  const weights = drawWeights();
  const program = compileTrain({
    architecture,
    weights,
    batch,
    trainable: (stage) => trained.has(stage),
    input: { kind: cached ? "features" : "normalised" },
    batchNorm: mode === "all-batchnorm" ? "batch" : "running",
    optimizer,
    labelSmoothing: 0.1,
    precision,
    block: await blockOf(engine),
    teachers: values.teacher === undefined ? [] : [teacherNamed(values.teacher)],
  });
  const stepper = await Stepper.open(engine, program, { rate: 1e-4 });
  await stepper.load(weights);
  const targets = new Float32Array(batch * classes.length);
  for (let i = 0; i < batch; i++) targets[i * classes.length + (i % classes.length)] = 1;
  const feeds = {
    [cached ? "features" : "pictures"]: pictures,
    targets: floatTensor([batch, classes.length], targets),
  };
  return { iterate: () => stepper.step(feeds), release: () => stepper.release() };
}
