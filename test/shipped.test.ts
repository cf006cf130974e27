/** The shipped models: small enough, described, and as good on FER2013's validation faces as their cards say. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { expressions } from "../src/data/synthetic-expression.ts";
import { readCsvRows } from "../src/formats/csv.node.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { shippedModel, shippedModels } from "../src/weights/shipped.node.ts";
import { hasFer2013, type LabelledFace, labelledFaces } from "./support/fer2013.ts";
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
  // Below 1 if it learned votes: the plurality is more certain than the shares of its votes.
  expect(Number(metadata.temperature)).toBeGreaterThan(0.5);
  expect(Number(metadata.temperature)).toBeLessThan(1.3);
  const card = readFileSync(shippedModel(name).replace(".onnx", ".md"), "utf8");
  expect(card).toContain(`# Model card: ${name.replace("_", "\\_")}`);
});

test("vultus models lists which weights there are of each backbone", async () => {
  const undo = capture();
  const rows = await printedJson<{ name: string; weights: string[] }[]>("models");
  undo();
  const weights = Object.fromEntries(rows.map(({ name, weights }) => [name, weights]));
  expect(weights).toMatchObject({ resnet50: ["imagenet"], squeezenet1_1: [], vultus_s: ["vultus"] });
});

const votesFile = new URL("../../shared/data/fer2013-ferplus-votes.csv", import.meta.url).pathname;
if (!existsSync(votesFile)) console.warn(`people's votes are not in ${votesFile}: the test with them skips`);

test.skipIf(!hasFer2013).each([
  ["vultus_m", 0.627],
  ["vultus_s", 0.624],
])("%s gives FER2013's own labels as often as is written", async (name, accuracy) => {
  const faces = await labelledFaces();
  const answers = await answersOf(name, faces);
  const right = faces.filter(({ label }, i) => label === answers[i]);
  expect(right.length / faces.length).toBeCloseTo(accuracy, 2);
});

test.skipIf(!hasFer2013 || !existsSync(votesFile)).each([
  ["vultus_m", 0.853],
  ["vultus_s", 0.836],
])("%s agrees with most people as often as is written", async (name, agreement) => {
  const votes = new Map<string, number[]>();
  for await (const { cells } of readCsvRows(votesFile, ["path", ...expressions])) {
    votes.set(
      basename(cells.path as string),
      expressions.map((label) => Number(cells[label])),
    );
  }
  // Faces for which one class has more votes than any other.
  const faces = (await labelledFaces()).flatMap((face) => {
    const counts = votes.get(face.file) ?? [];
    const most = Math.max(...counts);
    const [plurality, ...others] = expressions.filter((_, k) => counts[k] === most);
    return plurality !== undefined && most > 0 && others.length === 0 ? [{ ...face, plurality }] : [];
  });
  expect(faces.length).toBeGreaterThan(3000);
  const answers = await answersOf(name, faces);
  const agreed = faces.filter(({ plurality }, i) => plurality === answers[i]);
  expect(agreed.length / faces.length).toBeCloseTo(agreement, 2);
});

async function answersOf(name: string, faces: readonly LabelledFace[]): Promise<readonly string[]> {
  const bundle = loadBundle(name);
  const engine = startEngine({ device: "cpu", threads: 2 });
  const pictures = faces.map(({ picture }) => picture);
  const answers = await labelsOf(await engine.open(bundle.program), bundle, pictures);
  await engine.close();
  return answers;
}
