/** Exports and re-imports backbones of every family: each format, bundles of any batch size, ensembles and teachers. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { families, familyArchitecture, livelyWeights } from "../../test/support/families.ts";
import { blotches, CANVAS, channelsLast, run } from "../../test/support/quantized.ts";
import type { Picture } from "../data/dataset.ts";
import { inMemory } from "../evaluate/run-bundle.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import type { Architecture } from "../models/classifier.ts";
import { adamwDefaults } from "../optim/optimizer.ts";
import { compileBundle } from "../program/bundle.ts";
import { compileEnsemble } from "../program/ensemble.ts";
import { compileForward } from "../program/predict.ts";
import { compileTrain } from "../program/train.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { Stepper } from "../train/stepper.ts";
import { random } from "../util/random.ts";
import { type FloatTensor, floatTensor, type StateDict, type Tensor } from "../util/tensor.ts";
import { loadClassifier } from "../weights/load.node.ts";
import { type ExportedFile, exportClassifier } from "./export.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-families-"));
const engine = startEngine({ device: "cpu", threads: 1 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const faces = Array.from({ length: 6 }, (_, n): Picture => {
  const rng = random("face", n);
  const pixels = Uint8Array.from(
    { length: 40 * 44 * 3 },
    (_, i) => 90 + 60 * Math.sin(i / 50 + n) + 30 * rng.next(),
  );
  return { pixels, width: 40, height: 44, channels: 3 };
});

const all = families.map((backbone) => {
  const architecture = familyArchitecture(backbone, { head: "reference", resize: 1.1 });
  return { name: backbone.name, backbone, architecture, weights: livelyWeights(architecture) };
});

describe.each(all)("$name", ({ name, backbone, architecture, weights }) => {
  test("every form is written and agrees with what was trained, and weights come back as they were", async () => {
    const files: ExportedFile[] = [];
    for await (const file of exportClassifier({
      classifier: { architecture, weights, metadata: {}, path: name },
      provenance: { temperature: 1.3 },
      forms: ["bundle", "fp16", "int8", "safetensors", "pth", "triton"],
      folder: join(folder, name),
      triton: { repository: join(folder, name, "triton"), name },
      input: "uint8",
      engine,
      held: { pictures: inMemory(faces), labels: faces.map((_, i) => i % 4) },
      calibration: inMemory(faces),
      // Eight bits saturate on processors without VNNI.
      weightBits: 7,
    }))
      files.push(file);
    expect(files.map(({ form }) => form)).toEqual(["bundle", "fp16", "int8", "safetensors", "pth", "triton"]);
    for (const { form, maxProbabilityDifference } of files)
      expect(maxProbabilityDifference, form).toBeLessThan(
        form === "int8" ? 0.1 : form === "fp16" ? 0.01 : 1e-5,
      );
    for (const { form, path } of files.filter(({ form }) => form !== "int8")) {
      const back = loadClassifier(path, { backbones: [backbone] });
      expect([...back.weights.keys()].sort(), form).toEqual([...weights.keys()].sort());
      for (const [tensor, { shape, data }] of back.weights) {
        expect(shape, tensor).toEqual(weights.get(tensor)?.shape);
        if (form !== "fp16" || tensor.includes("depthwise"))
          expect(data, tensor).toEqual(weights.get(tensor)?.data);
      }
    }
  });

  test("a bundle answers each image of a batch of any size as it does alone", async () => {
    const { model } = compileBundle({ architecture, weights });
    const pictures = channelsLast(blotches(3, CANVAS, "batch"));
    const together = (await run(model, { pictures })).logits?.data as Float32Array;
    const bytes = pictures.data.length / 3;
    for (let n = 0; n < 3; n++) {
      const shape = [1, ...pictures.shape.slice(1)];
      const data = (pictures.data as Uint8Array).slice(n * bytes, (n + 1) * bytes);
      const alone = (await run(model, { pictures: { dtype: "uint8", shape, data } })).logits
        ?.data as Float32Array;
      for (const [k, value] of alone.entries()) expect(together[n * 4 + k]).toBeCloseTo(value, 4);
    }
  });
});

test("refuses halves that are too coarse for a network, with the way out, and leaves no file", async () => {
  const { architecture, weights } = all[0] as (typeof all)[number];
  // Adding the same number to each class's logit changes no probability, but half precision has no number between 1000 and
  // 1000.5.
  const shifted = (name: string, { shape, data }: FloatTensor) =>
    name === "head.fc2.weight"
      ? floatTensor(
          shape,
          data.map((x) => x + 1000),
        )
      : floatTensor(shape, data);
  const steep = new Map([...weights].map(([name, tensor]) => [name, shifted(name, tensor)]));
  const path = join(folder, "steep");
  const written = exportClassifier({
    classifier: { architecture, weights: steep, metadata: {}, path: "steep" },
    provenance: { temperature: 1 },
    forms: ["fp16"],
    folder: path,
    triton: { repository: path, name: "steep" },
    input: "uint8",
    engine,
    held: { pictures: inMemory(faces) },
    calibration: inMemory(faces),
    weightBits: 7,
  });
  await expect(written.next()).rejects.toThrow(/half precision is too coarse.*float32 or as int8/);
  expect(readdirSync(path)).toEqual([]);
});

test("an ensemble of all families answers the mean of theirs", async () => {
  const members = all.map(({ architecture, weights }) => ({
    architecture,
    weights,
    temperature: 1.2,
    weight: 1,
  }));
  const feeds = { pictures: channelsLast(blotches(2, CANVAS, "ensemble")) };
  const { probabilities, embedding } = await run(
    compileEnsemble(members, { classes: ["a", "b", "c", "d"] }).model,
    feeds,
  );
  const each = await Promise.all(
    members.map(async ({ architecture, weights }) => {
      const bundle = compileBundle({ architecture, weights, temperature: 1.2 });
      return (await run(bundle.model, feeds)).probabilities?.data as Float32Array;
    }),
  );
  for (const [i, p] of ((probabilities as Tensor).data as Float32Array).entries())
    expect(p).toBeCloseTo(each.reduce((sum, rows) => sum + (rows[i] as number), 0) / each.length, 5);
  expect(embedding?.shape).toEqual([2, families.reduce((sum, { features }) => sum + features, 0)]);
});

test.each(families.map((backbone) => [backbone.name, backbone] as const))(
  "%s learns from the others, each frozen and in its own scope",
  async (name, backbone) => {
    // The reference's head would normalise with batch statistics.
    const architecture = familyArchitecture(backbone);
    const weights = livelyWeights(architecture);
    const others = all.filter((other) => other.name !== name);
    const program = compileTrain({
      ...{ architecture, weights, batch: 4, trainable: () => true, input: { kind: "normalised" } },
      ...{ batchNorm: "running", distillation: { temperature: 1, share: 1 } },
      teachers: others.map((other) => ({ ...other, temperature: 1, weight: 1 })),
      optimizer: { type: "adamw", learningRate: 0.001, weightDecay: 0, ...adamwDefaults },
    });
    expect(program.tensors.filter((tensor) => tensor.name.includes("teacher"))).toEqual([]);
    const rng = random("teachers");
    const pictures = floatTensor([4, 3, 32, 32], Float32Array.from({ length: 4 * 3 * 1024 }, rng.normal));
    const answers = async (of: Architecture, tensors: StateDict): Promise<number[]> => {
      const open = await engine.open(compileForward(of, tensors));
      const { logits } = await open.run({ pictures });
      await open.release();
      return [...softmaxRows((logits as Tensor).data as Float32Array, 4)];
    };
    const own = await answers(architecture, weights);
    const taught = await Promise.all(others.map((other) => answers(other.architecture, other.weights)));
    const stepper = await Stepper.open(engine, program);
    await stepper.load(weights);
    const targets = floatTensor(
      [4, 4],
      Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)),
    );
    const { loss } = await stepper.step({ pictures, targets });
    await stepper.release();
    const mean = own.map((_, i) => taught.reduce((sum, rows) => sum + (rows[i] as number) / 3, 0));
    expect(loss).toBeCloseTo(
      mean.reduce((sum, p, i) => sum - (p * Math.log(own[i] as number)) / 4, 0),
      4,
    );
  },
);
