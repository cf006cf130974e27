/** An unregistered backbone: trained, exported, read back, and used like any other; and a bundle that is not a single network. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { explainPictures } from "../src/evaluate/explain.ts";
import { inMemory } from "../src/evaluate/run-bundle.ts";
import { exportClassifier } from "../src/export/export.node.ts";
import { writeBundle } from "../src/export/write-bundle.node.ts";
import type { Backbone } from "../src/models/backbone.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { compileBundle } from "../src/program/bundle.ts";
import { decodeBundle } from "../src/program/decode-bundle.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { modelSchema } from "../src/server/schemas.ts";
import { recipeArchitecture } from "../src/train/forecast.ts";
import { resolveRecipe } from "../src/train/override.ts";
import { trainInto } from "../src/train/train.node.ts";
import type { StateDict } from "../src/util/tensor.ts";
import { classifierMetadata, describeArchitecture } from "../src/weights/classifier-file.ts";
import { loadClassifier, loadWeights } from "../src/weights/load.node.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { startService } from "./support/service.ts";
import { smallArchitecture } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-own-backbone-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const stages = ["conv1", "conv2"];
const own: Backbone = {
  name: "own_small",
  stages,
  unfreeze: [["conv2"], ["conv1"]],
  features: 16,
  preprocessing: { mean: [0.4], std: [0.3], size: 32 },
  smallest: 8,
  build: (net, pictures) =>
    stages.reduce(
      (x, name, i) =>
        net.stage(name, x, (maps) =>
          net.relu(
            net.conv(maps, name, { out: 8 << i, kernel: 3, stride: 2, padding: 1, norm: `${name}.bn` }),
          ),
        ),
      pictures,
    ),
};
const known = { backbones: [own] };

const bundlePath = at("own.onnx");
const weightsPath = at("run", "best.safetensors");
let architecture: Architecture;
let weights: StateDict;

beforeAll(async () => {
  await writeSyntheticFaces(at("faces"), { perClass: 6, validationPerClass: 3, seed: 1 });
  const dataset = await readDataset([at("faces")]);
  const phase = { name: "all", train: "all", epochs: 1, optimizer: { type: "adamw", learningRate: 0.001 } };
  const recipe = resolveRecipe(
    "scratch",
    ["model=own_small", "batchSize=8", `phases=${JSON.stringify([phase])}`],
    known,
  );
  architecture = recipeArchitecture(recipe, dataset.classes, known);
  const trained = await trainInto({
    dataset,
    architecture,
    recipe,
    weights: new Map(),
    folder: at("run"),
    resume: false,
    version: "0",
    device: "cpu",
    threads: 1,
    precision: "fp32",
    cacheFeatures: true,
    memoryBudget: 1e9,
    allowUnreadable: false,
    checkpointEvery: 600,
    listeners: [],
    signal: new AbortController().signal,
  });
  trained.validation.close();
  await trained.engine.close();
  weights = trained.weights;
  writeBundle(bundlePath, { architecture, weights }, {});
});

const notRegistered = /has the backbone "own_small", which is not registered\..* backbones: \[backbone\]/;

describe("a bundle of a backbone that is not registered", () => {
  test("is read back as plain data", () => {
    const bundle = decodeBundle(readFileSync(bundlePath), bundlePath);
    expect(JSON.parse(JSON.stringify(bundle.architecture))).toEqual({
      classes: architecture.classes,
      inputSize: 32,
      resize: architecture.resize,
      network: { backbone: "own_small", head: architecture.head, dropout: 0.4, mean: [0.4], std: [0.3] },
    });
    expect(bundle.architecture).toEqual(describeArchitecture(architecture));
  });

  test("predicts", async () => {
    const model = await loadModel(bundlePath, { detector: false, threads: 1 });
    const face = await sharp({ create: { width: 40, height: 40, channels: 3, background: "#888" } })
      .png()
      .toBuffer();
    const { faces } = await predict(model, face);
    await model.close();
    const shares = Object.values(faces[0]?.probabilities ?? {});
    expect(shares).toHaveLength(architecture.classes.length);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });

  test("is evaluated, and bears robustness and test-time augmentation", async () => {
    const args = [
      bundlePath,
      at("faces"),
      "--split",
      "validation",
      "--tta",
      "--robustness",
      "--pictures",
      "6",
    ];
    const json = await printedJson<{ n: number; robustness: object; tta: object }>("evaluate", ...args);
    expect(json.n).toBe(3 * architecture.classes.length);
    expect(json.robustness).toBeDefined();
    expect(json.tta).toBeDefined();
  });

  test("is served", async () => {
    const service = await startService({ model: bundlePath, detector: false });
    const body = (await service.app.inject("/v1/model")).json<unknown>();
    await service.close();
    const { backbone, labels } = modelSchema.parse(body);
    expect([backbone, labels]).toEqual(["own_small", architecture.classes]);
  });
});

describe("what needs the backbone", () => {
  test("reports it", async () => {
    expect(() => loadClassifier(bundlePath)).toThrow(notRegistered);
    // Only weights, which must first be compiled.
    expect(() => loadBundle(weightsPath)).toThrow(notRegistered);
    for (const command of [
      ["explain", at("faces"), "--out", at("maps")],
      ["export", "--out", at("out")],
    ]) {
      const [name = "", ...rest] = command;
      const args = name === "export" ? [name, bundlePath, ...rest] : [name, ...rest, "--model", bundlePath];
      capture();
      expect(await run(args)).toBe(2);
      expect(printed.err).toMatch(notRegistered);
    }
  });

  test("takes it from the caller: the same weights, an explanation, every form of an export", async () => {
    const classifier = loadClassifier(bundlePath, known);
    expect(classifier.architecture.backbone.build).toBe(own.build);
    expect(classifier.weights).toEqual(weights);
    expect(loadBundle(weightsPath, known).architecture).toEqual(loadBundle(bundlePath).architecture);
    const engine = startEngine({ device: "cpu", threads: 1 });
    const face = {
      width: 40,
      height: 40,
      channels: 1 as const,
      pixels: new Uint8Array(1600).map((_, i) => i),
    };
    const [explanation] = await explainPictures(engine, classifier, inMemory([face]), [0], {
      method: "grad-cam",
    });
    expect(explanation?.map).toHaveLength(32 * 32);
    const files = [];
    for await (const { form } of exportClassifier({
      classifier,
      provenance: {},
      forms: ["bundle", "fp16", "int8", "safetensors", "pth"],
      folder: at("forms"),
      triton: { repository: at("triton"), name: "own" },
      input: "uint8",
      engine,
      held: { pictures: inMemory([face]), labels: [0] },
      calibration: inMemory([face]),
      weightBits: 8,
    }))
      files.push(form);
    await engine.close();
    expect(files).toEqual(["bundle", "fp16", "int8", "safetensors", "pth"]);
  });

  test("another training starts from it", () => {
    const others = { ...architecture, classes: ["a", "b"] };
    const { weights: start } = loadWeights(bundlePath, others, describeModel(others));
    expect([...start.keys()].filter((name) => name.startsWith("conv"))).not.toEqual([]);
    expect(start.get("conv1.weight")).toEqual(weights.get("conv1.weight"));
    expect(start.has("head.fc.weight")).toBe(false);
  });

  test("a recipe of an unknown backbone is refused as before", () => {
    expect(() => resolveRecipe("scratch", ["model=own_small"])).toThrow('there is no backbone "own_small"');
  });
});

describe("a bundle that is not one network", () => {
  const path = at("several.onnx");
  const several = { classes: ["happy", "sad"], inputSize: 32, resize: 1, network: undefined };
  const refusal = /several\.onnx is not a single network with a backbone: it can predict, but/;
  beforeAll(() => {
    const small = smallArchitecture("happy", "sad");
    const drawn = withNewWeights(describeModel(small).specs, new Map(), 0);
    const metadata = classifierMetadata(several, { temperature: 1.5 });
    writeFileSync(path, compileBundle({ architecture: small, weights: drawn, metadata }).model);
  });

  test("is read and evaluated", async () => {
    expect(decodeBundle(readFileSync(path), path).architecture).toEqual(several);
    const args = [path, at("faces"), "--split", "validation", "--tta", "--robustness", "--pictures", "6"];
    expect(await printedJson<{ n: number }>("evaluate", ...args)).toMatchObject({ n: 6 });
  });

  test("is served, without a backbone", async () => {
    const service = await startService({ model: path, detector: false });
    const body = (await service.app.inject("/v1/model")).json<unknown>();
    await service.close();
    expect(modelSchema.parse(body).backbone).toBeNull();
  });

  test("is refused if a network is needed", async () => {
    expect(() => loadClassifier(path)).toThrow(refusal);
    const small = smallArchitecture("happy", "sad");
    expect(() => loadWeights(path, small, describeModel(small))).toThrow(refusal);
    for (const args of [
      ["explain", at("faces"), "--model", path, "--out", at("maps")],
      ["export", path, "--out", at("out")],
      ["train", at("faces"), "--model", "vultus_s", "--weights", path, "--out", at("none")],
    ]) {
      capture();
      expect(await run(args), args.join(" ")).toBe(2);
      expect(printed.err).toMatch(refusal);
    }
  });
});
