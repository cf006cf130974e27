/** `vultus data soften`: soft labels are the models' predictions, blended with the labels, and train reads them. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import type { Sample } from "../src/data/dataset.ts";
import { readDataset } from "../src/data/read.node.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { softened } from "../src/evaluate/teachers.node.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-soften-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const model = at("teacher.safetensors");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);
beforeAll(async () => {
  await writeSyntheticFaces(at("faces"), { perClass: 5, validationPerClass: 2, seed: 1 });
  writeClassifier(model, smallArchitecture("happy", "sad"));
});

test("a training image gets the mean of the label and the answers, a validation image keeps its label", async () => {
  const args = ["data", "soften", at("faces"), "--by", model, "--share", "0.4", "--out", at("soft.csv")];
  expect(await printedJson(...args)).toMatchObject({ softened: 10, share: 0.4, models: [model] });

  const { samples, classes } = await readDataset([at("soft.csv")]);
  expect(classes).toEqual(["happy", "sad"]);
  expect(samples).toHaveLength(14);
  const shares: number[][] = [];
  const teacher = await loadModel(model, { detector: false, threads: 1 });
  const answer = async (photo: string | Buffer, label: number): Promise<number> =>
    (await predict(teacher, photo)).faces[0]?.probabilities[classes[label] as string] as number;
  for (const { id, split, votes = [], label, source } of samples) {
    if (source.kind !== "file") throw new Error(`${id} is no file`);
    if (split === "validation") {
      expect(votes[label], id).toBe(1);
      continue;
    }
    const mirrored = await sharp(source.path).flop().png().toBuffer();
    const [one, other] = [await answer(source.path, label), await answer(mirrored, label)];
    const expected = 0.6 + 0.4 * ((one + other) / 2);
    (shares[label] ??= []).push(expected);
    expect(Math.abs((votes[label] as number) - expected), id).toBeLessThan(2e-4);
  }
  // A prediction for the wrong image would be noticed.
  for (const share of shares) expect(Math.max(...share) - Math.min(...share)).toBeGreaterThan(0.01);
  await teacher.close();
});

test("a label stays a label if teachers are sure of another class", async () => {
  const path = at("faces", "train", "sad", "0.png");
  const sample: Sample = { id: "a", source: { kind: "file", path }, label: 1, split: "train" };
  const voted = { ...sample, votes: [0.4, 0.6], voteCount: 5, otherVotes: { unknown: 4 } };
  const samples = softened([sample, voted], Float64Array.of(1, 0, 1, 0), 2, 0.5);
  expect(samples[1]).not.toHaveProperty("otherVotes");
  expect(samples.map(({ votes }) => votes)).toEqual([
    [0.4999, 0.5],
    [0.7, 0.3],
  ]);
});

test("nothing is overwritten, and what cannot work is said before anything is read", async () => {
  writeFileSync(at("there.csv"), "mine");
  const soften = (...args: string[]): Promise<number> => run(["data", "soften", at("faces"), ...args]);
  expect(await soften("--by", model, "--out", at("there.csv"))).toBe(2);
  expect(readFileSync(at("there.csv"), "utf8")).toBe("mine");
  expect(await soften("--by", ",", "--out", at("none.csv"))).toBe(2);
  expect(printed.err).toContain("--by names no model");
  writeClassifier(at("other.safetensors"), smallArchitecture("angry", "sad"));
  expect(await soften("--by", `${model},${at("other.safetensors")}`, "--out", at("none.csv"))).toBe(2);
  expect(existsSync(at("none.csv"))).toBe(false);
});
