/**
 * Whole backbones against PyTorch, torchvision's or those of reference/timm_models.py: names and shapes, logits, first gradients,
 * and the changes by five optimizer steps. If Python with torch and torchvision is installed, it runs live; without it these
 * tests skip and report so, and only backbones.test.ts compares.
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
import type { OptimizerOptions } from "../src/optim/optimizer.ts";
import { compileForward } from "../src/program/predict.ts";
import { stateOf, toCanonical } from "../src/program/program.ts";
import { compileTrain } from "../src/program/train.ts";
import { blockOf } from "../src/runtime/blocks.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { Stepper } from "../src/train/stepper.ts";
import { type FloatTensor, floatTensor, type StateDict, type Tensor } from "../src/util/tensor.ts";
import { type BackboneConfig, backboneConfigs, untrainedHere } from "./support/backbone-configs.ts";
import {
  type BackboneArguments,
  referenceAdamW,
  referenceArchitecture,
} from "./support/backbone-reference.ts";
import { hasPython, python } from "./support/python.ts";

const references = fileURLToPath(new URL("reference", import.meta.url));
const script = join(references, "backbone.py");
const available = hasPython("torch, torchvision");

interface Result {
  arguments: BackboneArguments;
  logits: number[][];
  losses: number[];
  trainable: string[];
  zeroGradient: string[];
}

test("every backbone that a library has is trained here, or there is a reason why not", () => {
  const trained = new Set([...backboneConfigs.map(({ model }) => model), ...Object.keys(untrainedHere)]);
  const published = backbones.filter(({ origin }) => origin).map(({ name }) => name);
  expect(published.filter((name) => !trained.has(name))).toEqual([]);
});

test.skipIf(!available)(
  "every backbone has the tensors of its library, by name and shape",
  () => {
    const code = `import json, sys
sys.path.insert(0, sys.argv[1])
from backbone_models import MODELS, library_model
tensors = lambda name: library_model(name, 64).state_dict().items()
print(json.dumps({name: [[key, list(v.shape)] for key, v in tensors(name)] for name in MODELS}))`;
    const run = spawnSync(python, ["-c", code, references], { encoding: "utf8" });
    expect(run.status, run.stderr).toBe(0);
    const theirs = new Map(Object.entries(JSON.parse(run.stdout) as Record<string, [string, number[]][]>));
    const shared = backbones.filter(({ name }) => theirs.has(name));
    for (const { name, origin } of backbones)
      expect(theirs.has(name), name).toBe(origin !== undefined || name === "mobilenet_v1_vggface2");
    for (const backbone of shared) {
      const architecture = { backbone, head: "linear", classes: ["a", "b"], dropout: 0, resize: 1 } as const;
      const own = describeModel({ ...architecture, inputSize: 64 })
        .specs.filter(({ name }) => !name.startsWith("head."))
        .map(({ name, shape }) => [name, shape]);
      // Our head replaces its classifier; the number of batches seen is not used in any computation.
      const { classifier = "classifier" } = backbone.origin ?? {};
      const expected = theirs
        .get(backbone.name)
        ?.filter(([name]) => !name.startsWith(`${classifier}.`) && !name.endsWith(".num_batches_tracked"));
      expect(Object.fromEntries(own), backbone.name).toEqual(Object.fromEntries(expected ?? []));
    }
  },
  60_000,
);

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }), "cpu");

describe
  .skipIf(!available)
  .each(backboneConfigs.map((config) => [Object.values(config).flat().join(" "), config] as const))(
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
  { model, train, batchnorm, optimizer: kind, head = "linear" }: BackboneConfig,
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
    block: await blockOf(engine),
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
  // Nothing else is part of the state: frozen weights cannot change.
  const trained = [...after.keys()].filter((name) => weights.has(name));
  for (const name of trained) expect(updates.has(name), `${name} should be frozen`).toBe(true);
}

function oneHot(labels: Float32Array, classes: number): FloatTensor {
  const data = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) data[row * classes + label] = 1;
  return floatTensor([labels.length, classes], data);
}
