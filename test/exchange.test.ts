/** Weights between PyTorch and vultus in both directions, with equal logits. Skips if Python has no torch. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { readSafetensors } from "../src/formats/safetensors.node.ts";
import { encodePytorchParts } from "../src/formats/write-pytorch.ts";
import { withAttention } from "../src/models/attention.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { compileForward } from "../src/program/predict.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import type { FloatTensor, StateDict, Tensor } from "../src/util/tensor.ts";
import { libraryNames, librarySnippet } from "../src/weights/canonical-names.ts";
import { classifierMetadata } from "../src/weights/classifier-file.ts";
import { loadClassifier, loadWeights } from "../src/weights/load.node.ts";
import { formulaTensor } from "./reference/formula.ts";
import { hasPython, python } from "./support/python.ts";

const script = fileURLToPath(new URL("reference/exchange.py", import.meta.url));
const available = hasPython("torch, torchvision");

const folder = mkdtempSync(join(tmpdir(), "vultus-exchange-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];

function run(...args: string[]): void {
  const { status, stderr } = spawnSync(python, [script, ...args], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
}

const architecture = (model: string, head: Architecture["head"]): Architecture => ({
  backbone: backboneNamed(model),
  head,
  classes,
  dropout: 0.4,
  inputSize: 64,
  resize: 1,
});

async function logitsOf(design: Architecture, weights: StateDict, x: Tensor): Promise<Float32Array> {
  const open = await engine.open(compileForward(design, weights));
  const { logits } = await open.run({ pictures: x });
  await open.release();
  return logits?.data as Float32Array;
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, v] of expected.entries())
    expect(Math.abs((actual[i] as number) - v) / largest).toBeLessThan(1e-4);
}

const read = (name: string): StateDict => readSafetensors(at(name)).tensors;

describe.skipIf(!available)("PyTorch to vultus", () => {
  test.each(["resnet18", "resnet50", "mobilenet_v3_small"])("%s", { timeout: 120_000 }, async (model) => {
    run("save", model, folder);
    const io = read("io.safetensors");
    const design = architecture(model, "linear");
    for (const file of ["zip.pth", "legacy.pth", "weights.safetensors"]) {
      const { weights, notes } = loadWeights(at(file), design, describeModel(design));
      expect(notes).toEqual([`the head of ${at(file)} is kept`]);
      expectClose(
        await logitsOf(design, weights, io.get("x") as FloatTensor),
        io.get("logits")?.data as Float32Array,
      );
    }
  });
});

describe.skipIf(!available)("vultus to PyTorch and back", () => {
  test.each([
    ["resnet18", "reference"],
    ["resnet50", "linear"],
    ["squeezenet1_1", "reference"],
    ["mobilenet_v3_small", "reference"],
    ["resnext50_32x4d", "linear"],
    ["mobilenet_v1", "reference"],
    ["efficientnet_lite0", "linear"],
    ["convnext_tiny", "reference"],
    ["vit_tiny", "linear"],
  ] as const)("%s with the %s head", { timeout: 120_000 }, async (model, head) => {
    run("save", "resnet18", folder);
    const x = read("io.safetensors").get("x") as FloatTensor;
    const design = architecture(model, head);
    const weights = withNewWeights(describeModel(design).specs, new Map(), 3);
    const metadata = classifierMetadata(design);
    writeFileSync(
      at("model.pth"),
      Buffer.concat(encodePytorchParts(libraryNames(weights, design), metadata)),
    );
    writeFileSync(at("snippet.py"), librarySnippet(design, "model.pth") ?? "");
    run("load", at("snippet.py"), folder);
    expectClose(
      await logitsOf(design, weights, x),
      read("loaded.safetensors").get("logits")?.data as Float32Array,
    );

    // Files written by vultus describe the network; files saved by PyTorch do not, so the caller supplies the description.
    const own = loadClassifier(at("model.pth"));
    expect(own.architecture).toEqual(design);
    expect([...own.weights].map(([name, { data }]) => [name, data.length])).toEqual(
      [...weights].map(([name, { data }]) => [name, data.length]),
    );
    const back = loadWeights(at("back.pth"), design, describeModel(design));
    expectClose(
      await logitsOf(design, back.weights, x),
      read("changed.safetensors").get("logits")?.data as Float32Array,
    );
  });
});

test.skipIf(!available)(
  "attention goes to PyTorch by the lines in the documentation",
  { timeout: 120_000 },
  async () => {
    run("save", "resnet18", folder);
    const x = read("io.safetensors").get("x") as FloatTensor;
    const plain = architecture("resnet18", "linear");
    const design = { ...plain, backbone: withAttention(plain.backbone, "se") };
    const { specs } = describeModel(design);
    const weights = withNewWeights(specs, new Map(), 3);
    for (const { name, shape } of specs)
      if (name.includes(".attention.")) weights.set(name, formulaTensor(name, shape, "bias"));
    writeFileSync(at("model.pth"), Buffer.concat(encodePytorchParts(libraryNames(weights, design), {})));
    expect(librarySnippet(design, "model.pth")).toBeUndefined();
    const page = readFileSync(new URL("../docs/how-to/continue-in-pytorch.md", import.meta.url), "utf8");
    const blocks = /## Attention.*?```python\n(.*?)```/s.exec(page)?.[1] ?? "";
    const lines = librarySnippet(plain, "model.pth")
      ?.split("model.load_state_dict")
      .join(`${blocks}\nmodel.load_state_dict`);
    writeFileSync(at("snippet.py"), lines ?? "");
    run("load", at("snippet.py"), folder);
    const loaded = read("loaded.safetensors").get("logits")?.data as Float32Array;
    expectClose(await logitsOf(design, weights, x), loaded);
  },
);
