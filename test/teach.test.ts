/** Training in a browser: the same results as in Node, on both devices, whole and in parts, and what it refuses. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { evaluate } from "../src/jobs/evaluate.ts";
import { train } from "../src/jobs/train.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import type { RecipeChanges } from "../src/train/override.ts";
import { provenanceOf } from "../src/weights/classifier-file.ts";
import { chromiumPath } from "./support/chromium.ts";
import { writeEnsembleFile } from "./support/ensemble.ts";
import { drawFaces, openTeachPage, swiftShader, type TeachPage } from "./support/teach.ts";
import type { Asked, ServedExample, Taught } from "./support/teach-page/protocol.ts";

const minutes = 60_000;
const classes = ["happy", "neutral", "surprise"];
/** Number of steps whose losses are compared. */
const COMPARED = 20;
/**
 * `adapt` with small images and batches for speed, at a small rate: each step nearly doubles the rounding differences. At the
 * full rate native and WebAssembly losses agree to four digits for five to ten steps only; rates that differ by a millionth
 * diverge as fast.
 */
const recipe: RecipeChanges = {
  extends: "adapt",
  batchSize: 8,
  phases: {
    all: {
      epochs: 4,
      patience: 4,
      inputScale: 0.5,
      optimizer: { type: "adamw", learningRate: 2e-5 },
    },
  },
};

let teach: TeachPage;
let faces: Record<"train" | "validation", ServedExample[]>;
let asked: Asked;

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  teach = await openTeachPage(swiftShader);
  faces = await drawFaces(join(teach.folder, "faces"), classes, { perClass: 16, validationPerClass: 4 });
  asked = {
    model: "vultus_s.onnx",
    training: faces.train,
    validation: faces.validation,
    device: "cpu",
    recipe,
  };
}, 10 * minutes);
afterAll(() => teach?.close());

function lossesOf({ events, error }: Taught): number[] {
  expect(error).toBeUndefined();
  return events.flatMap((event) => (event.kind === "step" ? [event.loss] : []));
}

function expectFourDigits(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBeGreaterThanOrEqual(COMPARED);
  for (const [i, loss] of expected.slice(0, COMPARED).entries())
    expect(Math.abs((found[i] as number) - loss), `step ${i + 1}`).toBeLessThan(1e-4);
}

const pageTest = test.skipIf(chromiumPath === undefined);

/** The CPU of Node, and of the page. */
let reference: number[] = [];
let onCpu: Taught;
/** The bundle that the page trained. */
let file: string;

/** The losses of each step of the training in Node, on ONNX Runtime's native or WebAssembly build. */
async function lossesOfNode(
  runtime: "native" | "wasm",
  by = recipe,
  name: string = runtime,
): Promise<number[]> {
  const losses: number[] = [];
  // Read by the engine's worker.
  vi.stubEnv("VULTUS_RUNTIME", runtime);
  await train({
    data: join(teach.folder, "faces"),
    ...{ out: join(teach.folder, name), model: "vultus_s", recipe: by },
    onEvent: (event) => {
      if (event.type === "step") losses.push(event.loss);
    },
  }).finally(() => vi.unstubAllEnvs());
  return losses;
}

pageTest(
  "the losses are those of Node, bit for bit on the same runtime",
  { timeout: 10 * minutes },
  async () => {
    reference = await lossesOfNode("native");
    onCpu = await teach.teach({ ...asked, name: "three faces" });
    expect(lossesOf(onCpu)).toEqual(await lossesOfNode("wasm"));
    expectFourDigits(lossesOf(onCpu), reference);
    const start = onCpu.events.find(({ kind }) => kind === "start");
    expect(start).toEqual({ kind: "start", device: "cpu", threads: 2, images: 48, steps: 24, done: 0 });
    expect(onCpu.training).toMatchObject({ ending: "finished", classes, device: "cpu" });
    expect(onCpu.training?.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    file = join(teach.folder, "taught.onnx");
    writeFileSync(file, Buffer.from(onCpu.training?.bundle as string, "base64"));
  },
);

pageTest(
  "at the full rate of adapt, too, they are the same bit for bit on one runtime",
  { timeout: 10 * minutes },
  async () => {
    const full: RecipeChanges = { extends: "adapt", phases: { all: { epochs: 7, patience: 7 } } };
    const page = lossesOf(await teach.teach({ ...asked, recipe: full }));
    expect(page).toHaveLength(21);
    expect(page).toEqual(await lossesOfNode("wasm", full, "wasm at the full rate"));
  },
);

pageTest(
  "Node answers by the bundle as the page does, and reads its card",
  { timeout: 5 * minutes },
  async () => {
    const model = await loadModel(file, { detector: false });
    try {
      const { metrics, ...card } = provenanceOf(model.bundle.metadata, file);
      expect(card).toMatchObject({
        name: "three faces",
        trainedIn: "browser",
        counts: {
          training: { happy: 16, neutral: 16, surprise: 16 },
          validation: { happy: 4, neutral: 4, surprise: 4 },
        },
      });
      expect(card.vultusVersion).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
      const best = Math.max(
        ...(onCpu.training?.history ?? []).map((epoch) => epoch.validationAccuracy ?? -1),
      );
      expect(metrics).toMatchObject({ n: 12, split: "validation", accuracy: best });
      for (const [i, { path }] of faces.validation.entries()) {
        const { faces: found } = await predict(model, join(teach.folder, path));
        for (const [k, name] of classes.entries()) {
          const theirs = onCpu.training?.probabilities[i * classes.length + k] as number;
          expect(Math.abs((found[0]?.probabilities[name] ?? Number.NaN) - theirs)).toBeLessThan(2e-3);
        }
      }
    } finally {
      await model.close();
    }
  },
);

pageTest("Node evaluates the bundle and trains it on", { timeout: 5 * minutes }, async () => {
  const data = join(teach.folder, "faces");
  const scored = await evaluate(file, data);
  const best = Math.max(...(onCpu.training?.history ?? []).map((epoch) => epoch.validationAccuracy ?? -1));
  expect(scored.accuracy).toBe(best);
  const notes: string[] = [];
  await train({
    ...{ data, model: "vultus_s", recipe: "adapt", weights: file, out: join(teach.folder, "on") },
    overrides: { "phases.all.epochs": 1 },
    onEvent: (event) => {
      if (event.type === "note") notes.push(event.text);
    },
  });
  expect(notes).toContain(`the head of ${file} is kept`);
});

pageTest(
  "a training that is stopped and goes on is the one that was never stopped",
  { timeout: 10 * minutes },
  async () => {
    // In the middle of an epoch.
    const first = await teach.teach({ ...asked, isKept: true, stopAfter: 9 });
    expect(first.training?.ending).toBe("interrupted");
    expect(first.training?.history).toHaveLength(1);
    const rest = await teach.teach({ ...asked, isKept: true });
    expect(rest.events[0]).toMatchObject({ kind: "start", done: 9 });
    const whole = lossesOf(onCpu);
    expect([...lossesOf(first), ...lossesOf(rest)]).toEqual(whole);
    expect(rest.training?.probabilities).toEqual(onCpu.training?.probabilities);
    expect(rest.training?.history).toEqual(onCpu.training?.history);
    // A finished training leaves nothing to resume.
    const again = await teach.teach({ ...asked, isKept: true, stopAfter: 1 });
    expect(again.events[0]).toMatchObject({ done: 0 });
    expect(again.training?.bundle).toBeUndefined();
    const other = await teach.teach({ ...asked, isKept: true, seed: 7 });
    expect(other.error).toContain("the checkpoint belongs to another training (these differ: recipe)");
  },
);

pageTest(
  "on WebGPU the losses are those of Node; lost in the middle, the CPU goes on from the last checkpoint",
  { timeout: 15 * minutes },
  async ({ skip }) => {
    const hasAdapter = "navigator.gpu?.requestAdapter().then(Boolean)";
    if (!(await teach.page.evaluate<boolean>(hasAdapter))) skip("this Chromium has no WebGPU");
    await teach.reload();
    const lost = await teach.teach({ ...asked, device: "webgpu", loseAfter: COMPARED });
    const losses = lossesOf(lost);
    expectFourDigits(losses, reference);
    const at = lost.events.findIndex(({ kind }) => kind === "device");
    expect(lost.events[at]).toMatchObject({ kind: "device", device: "cpu" });
    expect(lost.events[at]).toHaveProperty("reason", expect.stringContaining("lost"));
    // The third epoch ended with a checkpoint after 18 steps.
    const next = lost.events.slice(at).find(({ kind }) => kind === "step");
    expect(next).toMatchObject({ step: 19, steps: 24 });
    expect(lost.training).toMatchObject({ ending: "finished", device: "cpu" });
    expect(lost.training?.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
  },
);

pageTest("the head alone trains on features", { timeout: 5 * minutes }, async () => {
  const taught = await teach.teach({ ...asked, recipe: "head", validation: [], measure: false });
  const losses = lossesOf(taught);
  const mean = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0) / some.length;
  expect(mean(losses.slice(-6))).toBeLessThan(0.9 * mean(losses.slice(0, 6)));
  expect(taught.training?.probabilities).toEqual([]);
  expect(taught.training?.history[0]).not.toHaveProperty("validationAccuracy");
});

pageTest(
  "a checkpoint that cannot be cleared at the end is noted, and the result is there",
  { timeout: 5 * minutes },
  async () => {
    const taught = await teach.teach({
      ...asked,
      recipe: "head",
      validation: [],
      measure: false,
      failsToClear: true,
    });
    expect(taught.error).toBeUndefined();
    expect(taught.training).toMatchObject({ ending: "finished", bundle: expect.any(String) });
    expect(taught.events.at(-1)).toMatchObject({
      kind: "note",
      text: "the checkpoint cannot be cleared: locked; clear it before the next training",
    });
  },
);

pageTest("bad input is refused with a reason", { timeout: 5 * minutes }, async () => {
  writeFileSync(
    join(teach.folder, "broken.png"),
    readFileSync(join(teach.folder, "vultus_s.onnx")).subarray(0, 99),
  );
  const [example] = faces.train as [ServedExample];
  const broken = [...faces.train, { ...example, path: "broken.png" }];
  const ensemble = join(teach.folder, "ensemble.onnx");
  await writeEnsembleFile(ensemble);
  for (const [more, message] of [
    [{ training: faces.train.filter(({ label }) => label === "happy") }, "at least two classes"],
    [{ classes: [...classes, "wink"] }, "no training examples of wink"],
    [{ classes: ["happy", "neutral"] }, "training example 33 is of the class surprise"],
    [{ training: broken }, "training example 49 cannot be decoded: not an image"],
    [{ model: "index.html" }, "index.html"],
    [{ model: "missing.onnx" }, "missing.onnx: the server answers 404"],
    [{ model: "ensemble.onnx" }, "is an ensemble of"],
    [{ recipe: { extends: "adpat" } }, 'there is no recipe "adpat"'],
    [{ device: "cuda" as "cpu" }, "a browser has no device cuda"],
  ] as const) {
    const { error } = await teach.teach({ ...asked, ...more });
    expect(error).toContain(message);
  }
});
