/** Suspected label errors: folds, features and heads on images with planted errors, and the command line. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSuspects } from "../src/audit/suspects.node.ts";
import { run } from "../src/cli/main.ts";
import { classCounts, type Sample } from "../src/data/dataset.ts";
import { stratifiedFolds } from "../src/data/folds.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { inMemory } from "../src/evaluate/run-bundle.ts";
import { validationFeeds } from "../src/evaluate/score.ts";
import { writeSafetensors } from "../src/formats/safetensors.node.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { compileStageFeatures, middleStage } from "../src/program/stage-features.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { type Random, random } from "../src/util/random.ts";
import { classifierMetadata } from "../src/weights/classifier-file.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-labels-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

/** Stripes in three directions, which even random features distinguish. */
const classes = ["level", "slanted", "upright"] as const;
const architecture: Architecture = {
  backbone: backboneNamed("squeezenet1_1"),
  head: "linear",
  classes,
  dropout: 0,
  inputSize: 96,
  resize: 1,
};
const weights = withNewWeights(describeModel(architecture).specs, new Map(), 0);
const PER_CLASS = 60;

function stripes(direction: (typeof classes)[number], rng: Random): Buffer {
  const [dx, dy] = { level: [0, 1], slanted: [0.7, 0.7], upright: [1, 0] }[direction] as [number, number];
  const phase = rng.uniform(0, 6);
  const at = (x: number, y: number): number =>
    128 + 60 * Math.sin(0.9 * (x * dx + y * dy) + phase) + 25 * rng.normal();
  return Buffer.from(
    Array.from({ length: 48 * 48 }, (_, i) => Math.min(255, Math.max(0, at(i % 48, Math.floor(i / 48))))),
  );
}

/** Ids whose folder differs from the drawn class. */
const planted = new Set<string>();

beforeAll(async () => {
  const rng = random("planted labels");
  for (const [label, name] of classes.entries()) {
    for (let i = 0; i < PER_CLASS; i++) {
      const wrong = rng.chance(0.08);
      const as = wrong ? (classes[(label + 1 + rng.integer(2)) % 3] as string) : name;
      const id = `${as}/${name} ${i}.png`;
      mkdirSync(at("stripes", as), { recursive: true });
      await sharp(stripes(name, rng), { raw: { width: 48, height: 48, channels: 1 } })
        .png()
        .toFile(at("stripes", id));
      if (wrong) planted.add(id);
    }
  }
  writeSafetensors(at("random.safetensors"), weights, {});
  writeSafetensors(at("unnamed.safetensors"), weights, classifierMetadata(architecture));
  const { fingerprint } = await readDataset([at("stripes")]);
  writeSafetensors(
    at("same.safetensors"),
    weights,
    classifierMetadata(architecture, { dataFingerprint: fingerprint }),
  );
  const cut = { from: fingerprint, seed: 0, validation: 0.2 };
  writeSafetensors(
    at("cut.safetensors"),
    weights,
    classifierMetadata(architecture, { dataFingerprint: "4567", cut }),
  );
  writeSafetensors(
    at("other.safetensors"),
    weights,
    classifierMetadata(architecture, { dataFingerprint: "0123" }),
  );
});

test("folds are stratified, keep groups, and hold every sample once", () => {
  const samples = Array.from({ length: 103 }, (_, i): Sample => {
    const source = { kind: "file", path: "" } as const;
    return { id: String(i), source, label: i % 7 === 0 ? 1 : 0, split: "train", identity: `p${i >> 1}` };
  });
  const foldOf = stratifiedFolds(samples, 2, { folds: 5, seed: 1, groupings: [({ identity }) => identity] });
  for (let i = 0; i + 1 < 103; i += 2) expect(foldOf[i]).toBe(foldOf[i + 1]);
  for (let fold = 0; fold < 5; fold++) {
    const [common = 0, rare = 0] = classCounts(
      samples.filter((_, i) => foldOf[i] === fold),
      2,
    );
    expect(Math.abs(common - 88 / 5)).toBeLessThanOrEqual(2);
    expect(Math.abs(rare - 15 / 5)).toBeLessThanOrEqual(1);
  }
  expect(() =>
    stratifiedFolds(samples, 2, { folds: 60, seed: 1, groupings: [({ identity }) => identity] }),
  ).toThrow(/60 folds of 103 images in 52 groups/);
});

test("features are the means of the parts of a stage's map", async () => {
  const stage = middleStage(architecture);
  expect(stage).toBe("features.7");
  const canvas = { width: 48, height: 48, channels: 1 } as const;
  const pictures = [drawFace("happy", 1), drawFace("sad", 2)];
  const engine = startEngine({ device: "cpu", threads: 1 });
  try {
    const featuresOf = async (cells: number): Promise<Float32Array> => {
      const open = await engine.open(compileStageFeatures(architecture, weights, canvas, { stage, cells }));
      return (await open.run(validationFeeds(inMemory(pictures), [0, 1], canvas, architecture))).features
        ?.data as Float32Array;
    };
    const side = 11;
    const whole = await featuresOf(side);
    const pooled = await featuresOf(3);
    expect(pooled).toHaveLength(2 * 256 * 9);
    for (const map of [0, 100, 511]) {
      for (let cell = 0; cell < 9; cell++) {
        // numpy: rows floor(11 i / 3) to ceil(11 (i + 1) / 3), as torch.nn.AdaptiveAvgPool2d((3, 3)).
        const bounds = [
          [0, 4],
          [3, 8],
          [7, 11],
        ] as const;
        const [[top, bottom], [left, right]] = [bounds[Math.floor(cell / 3)], bounds[cell % 3]] as [
          readonly [number, number],
          readonly [number, number],
        ];
        let sum = 0;
        for (let y = top; y < bottom; y++)
          for (let x = left; x < right; x++) sum += whole[map * side * side + y * side + x] as number;
        expect(pooled[map * 9 + cell]).toBeCloseTo(sum / ((bottom - top) * (right - left)), 4);
      }
    }
  } finally {
    await engine.close();
  }
});

describe("from the command line", () => {
  const audit = (file: string, ...more: string[]): Promise<number> =>
    run([
      "data",
      "audit",
      at("stripes"),
      "--labels",
      "--weights",
      at(file),
      "--device",
      "cpu",
      "--threads",
      "1",
      "--folds",
      "2",
      ...more,
    ]);

  test("planted errors are the suspects", { timeout: 240_000 }, async () => {
    expect(await audit("other.safetensors", "--out", at("out")), printed.err).toBe(0);
    const { labels, summary } = JSON.parse(readFileSync(at("out", "audit.json"), "utf8")) as {
      summary: object;
      labels: {
        suspects: { id: string; given: string; suggested: string; margin: number }[];
        joint: number[][];
        accuracy: number;
      };
    };
    const { suspects } = labels;
    const hits = suspects.filter(({ id }) => planted.has(id));
    expect(planted.size).toBeGreaterThan(10);
    expect(hits.length / planted.size, "recall").toBeGreaterThanOrEqual(0.9);
    expect(hits.length / suspects.length, "precision").toBeGreaterThanOrEqual(0.8);
    for (const { id, suggested } of hits) expect(id).toContain(`/${suggested} `);
    expect(suspects.map(({ margin }) => margin)).toEqual(
      suspects.map(({ margin }) => margin).sort((a, b) => a - b),
    );
    expect(summary).toMatchObject({ suspectedLabels: suspects.length, outOfSampleAccuracy: labels.accuracy });
    // Correct everywhere except on the planted errors, which no honest model gets "right".
    expect(labels.accuracy).toBeGreaterThan(0.85);
    expect(printed.out).toMatch(/suspected label errors +\d+\n.*on the folds .*\(2 folds\)/);
    expect(printed.out).toMatch(/was trained on other data \(fingerprint 0123\)/);
    expect(labels.joint.flatMap((row, k) => row.filter((_, j) => j !== k)).reduce((a, b) => a + b)).toBe(
      suspects.length,
    );

    const named = suspects.map(({ id, suggested }) => ({ id, suggested }));
    expect(await readSuspects(at("out", "labels.csv"))).toEqual(named);
    expect(await readSuspects(at("out", "audit.json"))).toEqual(named);
    expect(printed.out).toContain(`--suspects ${at("out", "labels.csv")}`);

    const list = readFileSync(at("out", "exclude.txt"), "utf8").split("\n");
    const [first] = suspects;
    expect(list).toContain(`# suspect: ${first?.id} ${first?.given}→${first?.suggested}`);
    expect(list.filter((line) => line !== "" && !line.startsWith("# "))).toEqual([]);
  });

  test("weights that may have seen the labels are refused, and why", async () => {
    expect(await audit("unnamed.safetensors")).toBe(2);
    expect(printed.err).toMatch(
      /trained on the classes level, slanted, upright, and does not record on which data.*cannot judge/,
    );
    for (const seen of ["same.safetensors", "cut.safetensors"]) {
      expect(await audit(seen), seen).toBe(2);
      expect(printed.err, seen).toMatch(/on this same data/);
    }
  });

  test.each([
    ["no weights", ["--labels"], /--labels needs --weights/],
    ["weights that are not there", ["--labels", "--weights", "nowhere.safetensors"], /nowhere\.safetensors/],
    [
      "another backbone's weights",
      ["--labels", "--weights", at("random.safetensors"), "--model", "resnet18"],
      /does not fit resnet18/,
    ],
    [
      "an unknown backbone",
      ["--labels", "--weights", at("random.safetensors"), "--model", "squeezenet"],
      /no backbone "squeezenet"/,
    ],
  ] as const)("%s: an error", async (_, more, message) => {
    expect(await run(["data", "audit", at("stripes"), ...more])).toBeGreaterThan(0);
    expect(printed.err).toMatch(message);
    expect(printed.err).not.toMatch(/(bug in|fault of) vultus/);
  });
});
