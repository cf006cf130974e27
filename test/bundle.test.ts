/** The exported file: its inputs, its metadata, that it computes what was trained, and that it can be read back. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { packValidation } from "../src/augment/validation.ts";
import { run } from "../src/cli/main.ts";
import { canvasOf, packPictures } from "../src/data/canvas.ts";
import type { Picture } from "../src/data/dataset.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { inMemory, runBundle } from "../src/evaluate/run-bundle.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { decodeModel } from "../src/onnx/model.ts";
import { type BundleOptions, compileBundle } from "../src/program/bundle.ts";
import { decodeBundle } from "../src/program/decode-bundle.ts";
import { compilePredict } from "../src/program/predict.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { random } from "../src/util/random.ts";
import type { FloatTensor } from "../src/util/tensor.ts";
import { classifierMetadata, describeArchitecture } from "../src/weights/classifier-file.ts";
import { decodeOnnxWeights } from "../src/weights/onnx-weights.ts";
import { sha256, startHub } from "./support/hub.ts";
import { capture, printed } from "./support/printed.ts";
import { encodeSafetensors } from "./support/safetensors.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
const classes = ["angry", "happy", "sad"];
const architectureOf = (model: string): Architecture => ({
  backbone: backboneNamed(model),
  head: "reference",
  classes,
  dropout: 0.4,
  inputSize: 40,
  resize: 1.15,
});

/** Grey and coloured images of three sizes, two of them of the same size. */
const pictures: Picture[] = [
  [48, 48, 1],
  [90, 61, 3],
  [48, 48, 3],
  [33, 70, 3],
].map(([width = 0, height = 0, channels]) => {
  const rng = random("bundle", width, height);
  const pixels = Uint8Array.from({ length: width * height * (channels ?? 0) }, () => rng.integer(256));
  return { pixels, width, height, channels: channels as 1 | 3 };
});

async function answers(options: BundleOptions): Promise<Float32Array> {
  const { model } = compileBundle(options);
  const bundle = decodeBundle(model, "bundle");
  const open = await engine.open(bundle.program);
  const { probabilities } = await runBundle(open, bundle, inMemory(pictures));
  await open.release();
  return probabilities;
}

const greatestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] as number))), 0);

describe.each(["vultus_s", "squeezenet1_1", "resnet18"])("%s", (model) => {
  const architecture = architectureOf(model);
  const weights = withNewWeights(describeModel(architecture).specs, new Map(), 1);
  const metadata = classifierMetadata(architecture, {
    temperature: 1,
    license: "MIT",
    metrics: { accuracy: 0.5 },
  });

  test("answers as the program that validates during training", async () => {
    const canvas = canvasOf(pictures, architecture.inputSize);
    const open = await engine.open(compilePredict(architecture, weights, canvas));
    const { probabilities } = await open.run({
      pictures: packPictures(pictures, canvas),
      ...packValidation(pictures, architecture.inputSize, architecture.resize),
    });
    await open.release();
    const own = await answers({ architecture, weights, metadata });
    expect(greatestDifference(own, probabilities?.data as Float32Array)).toBeLessThan(2e-5);
  });

  test("takes floats, and stores halves", async () => {
    const own = await answers({ architecture, weights, metadata });
    expect(
      greatestDifference(own, await answers({ architecture, weights, metadata, input: "float32" })),
    ).toBeLessThan(1e-6);
    expect(
      greatestDifference(own, await answers({ architecture, weights, metadata, stored: "float16" })),
    ).toBeLessThan(5e-3);
    const size = (stored: "float32" | "float16") =>
      compileBundle({ architecture, weights, stored }).model.length;
    expect(size("float16") / size("float32")).toBeLessThan(0.55);
  });

  test("a temperature softens", async () => {
    const [own, soft] = [
      await answers({ architecture, weights, metadata }),
      await answers({ architecture, weights, metadata, temperature: 3 }),
    ];
    expect(Math.max(...soft.subarray(0, 3))).toBeLessThan(Math.max(...own.subarray(0, 3)));
  });

  test("gives back its weights bit for bit, and its metadata", () => {
    const { model: bytes } = compileBundle({ architecture, weights, metadata });
    const read = decodeOnnxWeights(bytes, "bundle");
    expect([...read.tensors.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [name, { shape, data }] of weights) {
      const own = read.tensors.get(name) as FloatTensor;
      expect(own.shape).toEqual(shape);
      expect(Buffer.from(own.data.buffer).equals(new Uint8Array(data.buffer)), name).toBe(true);
    }
    expect(read.metadata).toEqual(metadata);
    expect(JSON.parse(read.metadata.labels ?? "")).toEqual(classes);
    expect(decodeBundle(bytes, "bundle").architecture).toEqual(describeArchitecture(architecture));
  });

  test("holds standard operators only", () => {
    const { graph, opsetImport } = decodeModel(compileBundle({ architecture, weights }).model, "bundle");
    expect(opsetImport.map(({ domain }) => domain)).toEqual([""]);
    expect(graph?.node.every(({ domain }) => domain === "")).toBe(true);
  });
});

describe("on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-bundle-"));
  const at = (...parts: string[]): string => join(folder, ...parts);
  beforeEach(capture);
  beforeAll(async () => {
    for (const label of ["happy", "sad"] as const) {
      for (const split of ["train", "validation"]) {
        mkdirSync(at("faces", split, label), { recursive: true });
        for (let i = 0; i < 20; i++) {
          const { pixels, width, height, channels } = drawFace(label, split, i);
          await sharp(pixels, { raw: { width, height, channels } })
            .png()
            .toFile(at("faces", split, label, `${i}.png`));
        }
      }
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const small = ["--input-size", "32", "--batch-size", "8", "--device", "cpu"];

  test("a run ends with best.onnx, on which it is scored, and every form of it scores the same", {
    timeout: 120_000,
  }, async () => {
    expect(
      await run([
        "train",
        at("faces"),
        "--model",
        "vultus_s",
        "--recipe",
        "scratch",
        "--set",
        "phases.all.epochs=3",
        ...small,
        "--out",
        at("run"),
      ]),
      printed.err,
    ).toBe(0);
    const scored = JSON.parse(readFileSync(at("run", "evaluation.json"), "utf8")) as {
      accuracy: number;
      nll: number;
    };
    const bundle = decodeBundle(readFileSync(at("run", "best.onnx")), "best.onnx");
    expect(JSON.parse(bundle.metadata.metrics ?? "")).toMatchObject({
      accuracy: scored.accuracy,
      split: "validation",
    });
    expect(bundle.metadata.recipe_sha256).toBe(sha256(readFileSync(at("run", "recipe.json"))));

    printed.out = "";
    expect(
      await run(["export", at("run"), "--to", "bundle,fp16,int8,safetensors,pth", "--json"]),
      printed.err,
    ).toBe(0);
    const { files } = JSON.parse(printed.out) as {
      files: { path: string; bytes: number; maxProbabilityDifference: number; top1Agreement: number }[];
    };
    expect(files.map(({ path }) => path)).toEqual(
      ["model.onnx", "model-fp16.onnx", "model-int8.onnx", "model.safetensors", "model.pth"].map((name) =>
        at("run", "export", name),
      ),
    );
    for (const { path, bytes, top1Agreement, maxProbabilityDifference } of files) {
      expect(bytes).toBe(readFileSync(path).length);
      expect(top1Agreement).toBeGreaterThan(0.9);
      expect(maxProbabilityDifference).toBeLessThan(path.includes("int8") ? 0.2 : 0.02);
      printed.out = "";
      expect(await run(["evaluate", path, at("faces"), "--device", "cpu", "--json"]), printed.err).toBe(0);
      expect((JSON.parse(printed.out) as { nll: number }).nll).toBeCloseTo(
        scored.nll,
        path.includes("int8") ? 1 : 2,
      );
    }
  });

  test("a bundle starts a new training, with its head if the classes are the same", {
    timeout: 120_000,
  }, async () => {
    const start = [
      "train",
      at("faces"),
      "--model",
      "vultus_s",
      "--recipe",
      "scratch",
      "--weights",
      at("run", "best.onnx"),
      "--set",
      "phases.all.epochs=1",
      ...small,
    ];
    expect(await run([...start, "--out", at("again")]), printed.err).toBe(0);
    expect(printed.err).toContain("the head of");
    printed.err = "";
    expect(await run([...start, "--classes", "sad,happy", "--out", at("reversed")]), printed.err).toBe(0);
    expect(printed.err).toContain("the head keeps sad, happy\n");
  });

  test("--weights imagenet comes from the hub", { timeout: 120_000 }, async () => {
    const { specs } = describeModel({ ...architectureOf("resnet18"), classes: ["a", "b"] });
    const backbone = new Map(
      [...withNewWeights(specs, new Map(), 5)].filter(([name]) => !name.startsWith("head.")),
    );
    const hub = await startHub("timm/resnet18.tv_in1k", "model.safetensors", encodeSafetensors(backbone));
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HOME", at("hub"));
    try {
      const args = [
        "train",
        at("faces"),
        "--model",
        "resnet18",
        "--recipe",
        "progressive",
        "--set",
        'phases=[{"name":"head","train":"head","epochs":1,"optimizer":{"type":"adamw","learningRate":0.001}}]',
        "--set",
        "views=1",
        ...small,
      ];
      expect(await run([...args, "--out", at("fetched")]), printed.err).toBe(0);
      expect(printed.err).toContain("torchvision's IMAGENET1K_V1 of resnet18");
      printed.err = "";
      vi.stubEnv("HF_HUB_OFFLINE", "1");
      vi.stubEnv("HF_HOME", at("empty"));
      expect(await run([...args, "--out", at("offline")])).toBe(2);
      expect(printed.err).toMatch(/timm\/resnet18\.tv_in1k[\s\S]*--weights/);
    } finally {
      vi.unstubAllEnvs();
      await hub.close();
    }
  });

  test.each([
    ["an unknown form", ["--to", "bundel"], 2, /bundle/],
    ["int8 without images", ["--to", "int8"], 2, /--data/],
    ["images that are not there", ["--data", "nowhere"], 2, /nowhere/],
  ])("%s", async (_, more, code, message) => {
    // An exported file records no images, unlike its run.
    expect(await run(["export", at("run", "best.safetensors"), ...more])).toBe(code);
    expect(printed.err).toMatch(message);
  });

  test("images to check with that cannot be read are named", async () => {
    for (const label of ["happy", "sad"]) {
      mkdirSync(at("some", label), { recursive: true });
      for (let i = 0; i < 2; i++)
        copyFileSync(at("faces", "train", label, `${i}.png`), at("some", label, `${i}.png`));
    }
    writeFileSync(at("some", "sad", "broken.png"), "no image");
    const more = ["--data", at("some"), "--out", at("checked"), "--device", "cpu"];
    expect(await run(["export", at("run", "best.safetensors"), ...more]), printed.err).toBe(0);
    expect(printed.err).toMatch(/left out: .*broken\.png: .*not an image/);
  });

  test("files that are no classifiers", async () => {
    writeFileSync(at("text.onnx"), "this is no model, only a text that is long enough to be looked at");
    writeFileSync(at("empty.pth"), "");
    for (const file of ["text.onnx", "empty.pth"]) {
      printed.err = "";
      expect(await run(["evaluate", at(file), at("faces")])).toBe(1);
      expect(printed.err).toContain(file);
    }
  });
});
