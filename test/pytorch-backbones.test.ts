/**
 * Whole backbones against PyTorch: names and shapes, logits, first gradients, and what five optimizer steps change. Where
 * Python with torch and torchvision is installed it runs live; without it these tests skip and say so, and only
 * backbones.test.ts compares.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readSafetensors } from "../src/formats/safetensors.node.ts";
import { describe as describeModel } from "../src/models/classifier.ts";
import { backbones } from "../src/models/registry.ts";
import type { HeadName } from "../src/nn/heads.ts";
import type { OptimizerOptions } from "../src/optim/optimizer.ts";
import { compileForward } from "../src/program/predict.ts";
import { stateOf, toCanonical } from "../src/program/program.ts";
import { compileTrain } from "../src/program/train.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { Stepper } from "../src/train/stepper.ts";
import { type FloatTensor, floatTensor, type StateDict, type Tensor } from "../src/util/tensor.ts";
import {
  type BackboneArguments,
  referenceAdamW,
  referenceArchitecture,
} from "./support/backbone-reference.ts";
import { hasPython, python } from "./support/python.ts";

const script = fileURLToPath(new URL("reference/backbone.py", import.meta.url));
const available = hasPython("torch, torchvision");

interface Result {
  arguments: BackboneArguments;
  logits: number[][];
  losses: number[];
  trainable: string[];
  zeroGradient: string[];
}

interface Config {
  model: string;
  train: string;
  batchnorm: "running" | "batch";
  optimizer: "adamw" | "sgd";
  head?: HeadName;
  extra?: string[];
}

const wide = (model: string): Config[] =>
  (["layer4", "layer3+layer4", "all"] as const).flatMap((train) =>
    (["running", "batch"] as const).flatMap((batchnorm) =>
      (["adamw", "sgd"] as const).map((optimizer) => ({ model, train, batchnorm, optimizer })),
    ),
  );

/** ResNet50 takes minutes: of its twelve configurations CI runs those that differ most; VULTUS_FULL=1 runs them all. */
const telling = new Set([
  "layer4 running adamw",
  "layer3+layer4 batch sgd",
  "all running sgd",
  "all batch adamw",
]);
const full = process.env.VULTUS_FULL === "1";

/** At the usual rate a ReLU of ResNet50 would switch by PyTorch's own rounding, as backbone.py says. */
const calmed = (config: Config): Config =>
  config.batchnorm === "running" && config.optimizer === "adamw"
    ? { ...config, extra: ["--lr", "3e-5", "--eps", "1e-3"] }
    : config;

const configs: Config[] = [
  ...wide("resnet18"),
  ...wide("resnet50")
    .filter(({ train, batchnorm, optimizer }) => full || telling.has(`${train} ${batchnorm} ${optimizer}`))
    .map(calmed),
  { model: "resnet34", train: "all", batchnorm: "running", optimizer: "sgd" },
  // Large enough for Winograd's products in two stages, and in the last.
  { model: "resnet18", train: "all", batchnorm: "running", optimizer: "sgd", extra: ["--size", "96"] },
  {
    model: "resnet18",
    train: "layer4",
    batchnorm: "running",
    optimizer: "adamw",
    extra: ["--size", "224", "--batch", "8"],
  },
  { model: "squeezenet1_1", train: "all", batchnorm: "running", optimizer: "adamw" },
  {
    model: "resnet18",
    train: "layer4",
    batchnorm: "running",
    optimizer: "sgd",
    head: "reference",
    extra: ["--batch", "16"],
  },
];

test.skipIf(!available)("every backbone has the tensors of torchvision's, by name and shape", () => {
  const shared = backbones.filter(({ origin }) => origin?.library === "torchvision");
  expect(shared.map(({ name }) => name)).toContain("resnet152");
  const code = `import json, sys, torchvision
tensors = lambda name: getattr(torchvision.models, name)(weights=None).state_dict().items()
print(json.dumps({name: [[key, list(v.shape)] for key, v in tensors(name)] for name in sys.argv[1:]}))`;
  const run = spawnSync(python, ["-c", code, ...shared.map(({ name }) => name)], { encoding: "utf8" });
  expect(run.status, run.stderr).toBe(0);
  const theirs = JSON.parse(run.stdout) as Record<string, [string, number[]][]>;
  for (const backbone of shared) {
    const architecture = { backbone, head: "linear", classes: ["a", "b"], dropout: 0, resize: 1 } as const;
    const own = describeModel({ ...architecture, inputSize: 64 })
      .specs.filter(({ name }) => !name.startsWith("head."))
      .map(({ name, shape }) => [name, shape]);
    // Its classifier is where our head is; how many batches were counted serves no computation.
    const { classifier = "" } = backbone.origin ?? {};
    const expected = theirs[backbone.name]?.filter(
      ([name]) => !name.startsWith(`${classifier}.`) && !name.endsWith(".num_batches_tracked"),
    );
    expect(Object.fromEntries(own), backbone.name).toEqual(Object.fromEntries(expected ?? []));
  }
});

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));

describe
  .skipIf(!available)
  .each(configs.map((config) => [Object.values(config).flat().join(" "), config] as const))(
  "%s",
  (_, config) => {
    test("equals PyTorch", { timeout: 300_000 }, async () => {
      const folder = mkdtempSync(join(tmpdir(), "vultus-parity-"));
      try {
        const { model, train, batchnorm, optimizer, head = "linear", extra = [] } = config;
        const args = [
          "--model",
          model,
          "--train",
          train,
          "--batchnorm",
          batchnorm,
          "--optimizer",
          optimizer,
          "--head",
          head,
        ];
        const run = spawnSync(python, [script, ...args, ...extra, "--double", "--out", folder], {
          encoding: "utf8",
        });
        expect(run.status, run.stderr).toBe(0);
        await compare(config, folder);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  },
);

async function compare(
  { model, train, batchnorm, optimizer: kind, head = "linear" }: Config,
  folder: string,
): Promise<void> {
  const result = JSON.parse(readFileSync(join(folder, "result.json"), "utf8")) as Result;
  const { batch, lr, weight_decay: weightDecay, steps, classes } = result.arguments;
  const read = (name: string): StateDict => readSafetensors(join(folder, `${name}.safetensors`)).tensors;
  const [weights, inputs, gradients, updates] = ["weights", "inputs", "gradients", "updates"].map(read) as [
    StateDict,
    StateDict,
    StateDict,
    StateDict,
  ];
  const architecture = referenceArchitecture(model, result.arguments, head);

  const forward = await engine.open(compileForward(architecture, weights));
  const logits = (await forward.run({ pictures: inputs.get("x.0") as FloatTensor })).logits
    ?.data as Float32Array;
  await forward.release();
  const expectedLogits = result.logits.flat();
  const largest = Math.max(...expectedLogits.map(Math.abs));
  for (const [i, value] of expectedLogits.entries())
    expect(Math.abs((logits[i] as number) - value) / largest).toBeLessThan(1e-4);

  const optimizer: OptimizerOptions =
    kind === "adamw"
      ? referenceAdamW(result.arguments)
      : { type: "sgd", learningRate: lr, weightDecay, momentum: 0.9, nesterov: true };
  const stages = new Set(["head", ...train.split("+")]);
  const program = compileTrain({
    architecture,
    weights,
    batch,
    trainable: (stage) => train === "all" || stages.has(stage),
    input: { kind: "normalised" },
    batchNorm: batchnorm,
    optimizer,
    labelSmoothing: 0.1,
    exposeGradients: true,
  });
  const stepper = await Stepper.open(engine, program, { rate: lr });
  await stepper.load(weights);
  const entries = new Map(stateOf(program).map((entry) => [entry.name, entry]));
  for (let step = 0; step < steps; step++) {
    const feeds: Record<string, Tensor> = {
      pictures: inputs.get(`x.${step}`) as FloatTensor,
      targets: oneHot(inputs.get(`labels.${step}`)?.data as Float32Array, classes),
    };
    const { loss, outputs } = await stepper.step(feeds);
    expect(Math.abs(loss / (result.losses[step] as number) - 1)).toBeLessThan(1e-4);
    if (step > 0) continue;
    for (const name of result.trainable) {
      if (result.zeroGradient.includes(name)) continue;
      const entry = entries.get(name);
      const own = toCanonical(entry as NonNullable<typeof entry>, outputs[`gradient.${name}`] as Tensor).data;
      const expected = gradients.get(name)?.data as Float32Array;
      const top = expected.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
      let worst = 0;
      for (const [i, v] of expected.entries()) worst = Math.max(worst, Math.abs(v - (own[i] as number)));
      expect(worst / top, `gradient of ${name}`).toBeLessThan(1e-4);
    }
  }
  const after = await stepper.state();
  await stepper.release();
  const moved = [...updates.keys()].filter((name) => !result.zeroGradient.includes(name));
  for (const name of moved) {
    const expected = updates.get(name)?.data as Float32Array;
    const [before, now] = [weights.get(name)?.data as Float32Array, after.get(name)?.data as Float32Array];
    expect(now, `${name} is part of the state`).toBeDefined();
    let [difference, norm] = [0, 0];
    for (const [i, v] of expected.entries()) {
      difference += ((now[i] as number) - (before[i] as number) - v) ** 2;
      norm += v ** 2;
    }
    expect(Math.sqrt(difference / norm), `update of ${name}`).toBeLessThan(1e-3);
  }
  // Nothing else is part of the state: what is frozen cannot move.
  const trained = [...after.keys()].filter((name) => weights.has(name));
  for (const name of trained) expect(updates.has(name), `${name} should be frozen`).toBe(true);
}

function oneHot(labels: Float32Array, classes: number): FloatTensor {
  const data = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) data[row * classes + label] = 1;
  return floatTensor([labels.length, classes], data);
}
