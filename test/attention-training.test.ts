/** Attention in a whole run: trained, stopped and resumed, scored, exported, explained, and trained further. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drawFace } from "../src/data/synthetic.ts";
import {
  evaluate,
  explain,
  exportModel,
  loadModel,
  predict,
  type TrainEvent,
  type TrainOptions,
  train,
} from "../src/index.ts";
import { attentionKinds } from "../src/nn/attention.ts";
import { readCheckpoint, runPaths } from "../src/train/run-folder.node.ts";
import { UsageError } from "../src/util/errors.ts";
import { loadClassifier } from "../src/weights/load.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-attention-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const image = at("faces", "validation", "happy", "1.png");
const ours = { device: "cpu", threads: 1 } as const;
const options = {
  data: at("faces"),
  model: "vultus_s",
  recipe: "adapt",
  inputSize: 32,
  batchSize: 8,
  overrides: { "phases.all.epochs": 2, "phases.all.patience": 9 },
  ...ours,
} satisfies TrainOptions;

type Changes = Pick<TrainOptions, "attention" | "model" | "weights" | "out"> & { readonly resume?: string };

/** Trains, and returns the notes. */
async function trained(given: Changes, signal?: AbortSignal, onStep = () => {}) {
  const notes: string[] = [];
  const onEvent = (event: TrainEvent): void => {
    if (event.type === "note") notes.push(event.text);
    if (event.type === "step") onStep();
  };
  return { run: await train({ ...options, ...given, signal, onEvent }), notes };
}

beforeAll(async () => {
  for (const label of ["happy", "sad"] as const) {
    for (const side of ["train", "validation"]) {
      mkdirSync(at("faces", side, label), { recursive: true });
      for (let i = 0; i < (side === "train" ? 16 : 8); i++) {
        const { pixels, width, height, channels } = drawFace(label, side, i);
        await sharp(pixels, { raw: { width, height, channels } })
          .png()
          .toFile(at("faces", side, label, `${i}.png`));
      }
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(attentionKinds)("%s", (attention) => {
  const run = at(attention);
  const gate = attention === "eca" ? "conv.weight" : "fc2.weight";

  test("starts beside the weights of a model without it, and trains", async () => {
    const { notes } = await trained({ attention, out: run });
    expect(notes).toContain(`the attention (${attention}) starts as the identity: vultus_s has none`);
    const { architecture, weights } = loadClassifier(run);
    expect(architecture.backbone.attention).toBe(attention);
    const moved = [...weights].filter(([name]) => name.endsWith(`.attention.${gate}`));
    expect(moved.map(([name]) => name)).toEqual(
      [1, 2, 3, 4].map((layer) => `layer${layer}.0.attention.${gate}`),
    );
    for (const [name, { data }] of moved) expect(Math.max(...data.map(Math.abs)), name).toBeGreaterThan(1e-5);
  }, 120_000);

  test("is in the bundle, which predicts and is scored", async () => {
    const model = await loadModel(run, { detector: false, ...ours });
    const { faces } = await predict(model, image);
    await model.close();
    expect(faces.length).toBe(1);
    const { accuracy } = await evaluate({
      model: run,
      data: at("faces"),
      out: at(`${attention}-score`),
      ...ours,
    });
    expect(accuracy).toBeGreaterThanOrEqual(0);
    expect(readFileSync(join(run, "model-card.md")).toString()).toContain(
      `vultus\\_s (attention on its residual branches: ${attention})`,
    );
  }, 120_000);

  test("is exported in every form, each of which computes the same", async () => {
    const forms = ["bundle", "fp16", "int8", "safetensors", "pth"] as const;
    const { files } = await exportModel({ model: run, to: forms, out: at(`${attention}-export`), ...ours });
    expect(files.map(({ form }) => form)).toEqual(forms);
    for (const { form, path } of files)
      if (form !== "int8") expect(loadClassifier(path).architecture.backbone.attention).toBe(attention);
  }, 120_000);

  test("is explained", async () => {
    const out = at(`${attention}-explained`);
    const { photos } = await explain({ model: run, photos: image, detector: false, out, ...ours });
    expect(photos.length).toBe(1);
    expect(photos[0]).toHaveProperty("faces");
  }, 120_000);

  test("is taken over whole by another training with it, and by no other", async () => {
    const { notes } = await trained({ attention, weights: run, out: at(`${attention}-again`) });
    expect(notes.filter((note) => note.startsWith("the attention"))).toEqual([]);
    const others = ["none", ...attentionKinds].filter((kind) => kind !== attention);
    for (const other of others) {
      const begun = trained({ attention: other, weights: run, out: at("refused") });
      await expect(begun).rejects.toThrow(UsageError);
      await expect(begun).rejects.toThrow(
        new RegExp(
          `best\\.onnx was trained with the attention "${attention}" .*keep it with .*"${attention}"`,
        ),
      );
    }
  }, 120_000);
});

test("a run with attention that was stopped goes on with the same bits", async () => {
  const stop = new AbortController();
  let steps = 0;
  const out = at("stopped");
  const first = await trained({ attention: "cbam", out }, stop.signal, () => ++steps === 5 && stop.abort());
  expect(first.run.interrupted).toBe(true);
  await trained({ attention: "cbam", resume: out });
  await trained({ attention: "cbam", out: at("whole") });
  const [{ tensors }, whole] = [out, at("whole")].map((run) => readCheckpoint(runPaths(run).checkpoint)) as [
    ReturnType<typeof readCheckpoint>,
    ReturnType<typeof readCheckpoint>,
  ];
  expect([...tensors.keys()]).toContain("layer4.0.attention.conv.weight");
  for (const [name, { data }] of tensors) expect(data, name).toEqual(whole.tensors.get(name)?.data);
  await expect(trained({ attention: "se", resume: out })).rejects.toThrow(/attention is "cbam", not "se"/);
}, 120_000);

test("what is no attention, or fits no backbone, is refused before anything is read", async () => {
  await expect(trained({ attention: "sse", out: at("refused") })).rejects.toThrow(
    'recipe: attention is "sse": must be one of none, se, eca, cbam. Did you mean "se"?',
  );
  await expect(trained({ attention: "se", model: "squeezenet1_1", out: at("refused") })).rejects.toThrow(
    /squeezenet1_1 has none; backbones that have them: .*resnet18/,
  );
});
