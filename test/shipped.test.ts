/** What ships: small enough, described, and as good on FER2013's validation faces as its card says. */

import { readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { shippedModel, shippedModels } from "../src/weights/shipped.node.ts";
import { hasFer2013, labelledFaces } from "./support/fer2013.ts";
import { labelsOf } from "./support/labels.ts";
import { capture, printedJson } from "./support/printed.ts";

const bytesOf = (name: string): number => statSync(shippedModel(name)).size;

test("two models, by the names of their backbones, of the sizes that were promised", () => {
  expect(shippedModels()).toEqual(["vultus_m", "vultus_s"]);
  expect(bytesOf("vultus_s")).toBeLessThan(1.5e6);
  expect(bytesOf("vultus_s") + bytesOf("vultus_m")).toBeLessThan(10e6);
  expect(() => shippedModel("vultus_x")).toThrow('no model "vultus_x" comes with vultus.');
});

test.each(shippedModels())("%s: six classes, a calibrated temperature, a card", (name) => {
  const { architecture, metadata } = loadBundle(name);
  expect(architecture.network?.backbone).toBe(name);
  expect(architecture.classes).toEqual(["angry", "fear", "happy", "neutral", "sad", "surprise"]);
  expect(Number(metadata.temperature)).toBeGreaterThan(0.8);
  expect(Number(metadata.temperature)).toBeLessThan(1.3);
  const card = readFileSync(shippedModel(name).replace(".onnx", ".md"), "utf8");
  expect(card).toContain(`# Model card: ${name.replace("_", "\\_")}`);
});

test("vultus models says which weights there are of each backbone", async () => {
  const undo = capture();
  const rows = await printedJson<{ name: string; weights: string[] }[]>("models");
  undo();
  const weights = Object.fromEntries(rows.map(({ name, weights }) => [name, weights]));
  expect(weights).toMatchObject({ resnet50: ["imagenet"], squeezenet1_1: [], vultus_s: ["vultus"] });
});

test.skipIf(!hasFer2013).each([
  ["vultus_m", 0.7],
  ["vultus_s", 0.67],
])("%s is right on as many of FER2013's validation faces as is written", async (name, accuracy) => {
  const bundle = loadBundle(name);
  const faces = await labelledFaces();
  const engine = startEngine({ device: "cpu", threads: 2 });
  const pictures = faces.map(({ picture }) => picture);
  const labels = await labelsOf(await engine.open(bundle.program), bundle, pictures);
  await engine.close();
  const right = faces.filter(({ label }, i) => label === labels[i]);
  expect(right.length / faces.length).toBeCloseTo(accuracy, 2);
});
