/** `evaluate` and `compare` on small trained runs: their results agree, and the stored temperature is honest. */

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import type { ComparisonResult as Compared } from "../src/jobs/comparison-result.ts";
import type { EvaluationResult as Scores } from "../src/jobs/evaluation-result.ts";
import { classificationReport } from "../src/metrics/classification-report.ts";
import { mcnemarP } from "../src/metrics/mcnemar.ts";
import { decodeBundle } from "../src/program/decode-bundle.ts";
import { confusionText } from "../src/report/confusion.ts";
import { recut } from "../src/train/recut.node.ts";
import { cutOf, type TrainingCut, temperatureOf } from "../src/weights/classifier-file.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-measuring-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const device = ["--device", "cpu", "--threads", "2"];

/** Faces in folders; every sixth one outside training is in the wrong folder, so that no model is always right. */
async function drawFaces(name: string, splits: readonly string[]): Promise<void> {
  for (const [k, label] of (["happy", "sad"] as const).entries()) {
    for (const split of splits) {
      mkdirSync(at(name, split, label), { recursive: true });
      for (let i = 0; i < 24; i++) {
        const wrong = split !== "train" && i % 6 === 0;
        const { pixels, width, height, channels } = drawFace(
          wrong ? (k === 0 ? "sad" : "happy") : label,
          split,
          i,
        );
        await sharp(pixels, { raw: { width, height, channels } })
          .png()
          .toFile(at(name, split, label, `${i}.png`));
      }
    }
  }
}

async function trained(data: string, to: string, epochs: number, ...more: string[]): Promise<void> {
  const args = ["train", at(data), "--model", "vultus_s", "--recipe", "scratch", "--input-size", "32"];
  const set = ["--batch-size", "8", "--set", `phases.all.epochs=${epochs}`, "--out", at(to)];
  expect(await run([...args, ...set, ...device, ...more]), printed.err).toBe(0);
}

const json = <T>(...args: string[]): Promise<T> => printedJson<T>(...args, ...device);

beforeEach(capture);
beforeAll(async () => {
  const restore = capture();
  await drawFaces("faces", ["train", "validation"]);
  await drawFaces("tested", ["train", "validation", "test"]);
  // Trained very little, so that the two differ.
  await trained("faces", "a", 1, "--set", "phases.all.optimizer.learningRate=1e-6");
  await trained("faces", "b", 15);
  await trained("tested", "t", 2);
  restore();
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const storedTemperature = (name: string): number => {
  const path = at(name, "best.onnx");
  return temperatureOf(decodeBundle(readFileSync(path), path).metadata, path);
};

describe("train", () => {
  const filesIn = (path: string): string[] =>
    (readdirSync(path, { recursive: true }) as string[]).map((file) => file.replaceAll("\\", "/")).sort();

  test("writes in its run folder only, and to stdout the JSON only", async () => {
    mkdirSync(at("here"));
    const faces = filesIn(at("faces"));
    const before = process.cwd();
    process.chdir(at("here"));
    try {
      const args = ["train", at("faces"), "--model", "vultus_s", "--recipe", "scratch", "--input-size", "32"];
      const said = await json<object>(...args, "--batch-size", "16", "--set", "phases.all.epochs=1");
      const number = expect.any(Number);
      const phase = { name: "all", epochs: 1, seconds: number, imagesPerSecond: number, best: number };
      expect(said).toEqual({
        run: join("runs", "vultus_s-scratch-1"),
        best: { phase: "all", epoch: 1, accuracy: number },
        phases: [phase],
        seconds: number,
      });
    } finally {
      process.chdir(before);
    }
    const written = filesIn(at("here"));
    expect(written).toContain("runs/vultus_s-scratch-1/best.onnx");
    expect(written.filter((file) => !file.startsWith("runs/vultus_s-scratch-1"))).toEqual(["runs"]);
    expect(filesIn(at("faces"))).toEqual(faces);
  }, 60_000);

  test("leaves images of what it did and of what it answers", async () => {
    for (const name of ["samples.png", "confusion.png", "curves.png", "confusion.svg", "curves.svg"]) {
      const path = at("b", name);
      const { format, width, height } = await sharp(path).metadata();
      expect(format, name).toBe(extname(name).slice(1));
      expect(Math.min(width, height), name).toBeGreaterThan(200);
      // Something was drawn on it.
      expect((await sharp(path).greyscale().stats()).channels[0]?.stdev, name).toBeGreaterThan(5);
    }
  });
});

describe("evaluate", () => {
  test("reports what the run reported, field by field, and keeps the earlier names", async () => {
    const said = JSON.parse(readFileSync(at("b", "evaluation.json"), "utf8")) as Scores;
    const found = await json<Scores>("evaluate", at("b"), at("faces"));
    expect(Object.keys(found)).toEqual(Object.keys(said));
    for (const key of ["nll", "brier", "ece", "accuracy", "top2", "balancedAccuracy", "macroF1"] as const)
      expect(found[key], key).toBeCloseTo(said[key], 5);
    expect(found.intervals).toEqual(said.intervals);
    expect(found.interval).toEqual(found.intervals.accuracy);
    expect(found.confusion).toEqual(said.confusion);
    expect(found.top2).toBe(1);
    expect(Object.keys(found.auc)).toEqual(["happy", "sad"]);
    // With two classes, the AUC of one equals that of the other.
    expect(found.auc.happy).toBeCloseTo(found.auc.sad as number, 5);
    for (const { truth, predicted, count, text } of found.confused) {
      expect(found.confusion[found.classes.indexOf(truth)]?.[found.classes.indexOf(predicted)]).toBe(count);
      expect(text).toContain(`${truth} taken for ${predicted}: `);
    }
    const shares = found.coverage.map(({ coverage }) => coverage);
    expect(shares).toEqual(shares.toSorted((x, y) => y - x));
    expect(found.calibration.reliability.reduce((sum, { count }) => sum + count, 0)).toBe(found.n);
  });

  test("on the images that the temperature was fitted on, the error is the cross-fitted one", async () => {
    const { ece, calibration } = await json<Scores>("evaluate", at("b"), at("faces"));
    expect(storedTemperature("b")).not.toBe(1);
    expect(calibration.temperature).toBe(storedTemperature("b"));
    expect(calibration.fittedHere).toBe(true);
    expect(calibration.fittedTemperature).toBeCloseTo(calibration.temperature, 4);
    expect(ece).toBe(calibration.eceCrossFitted);
    expect(new Set([ece, calibration.eceModel, calibration.eceRaw]).size).toBe(3);
  });

  test("on other images it is that of the model's own probabilities", async () => {
    const said = JSON.parse(readFileSync(at("t", "evaluation.json"), "utf8")) as Scores;
    expect(said.split).toBe("test");
    expect(said.calibration).toMatchObject({ fittedHere: false, temperature: storedTemperature("t") });
    expect(said.ece).toBe(said.calibration.eceModel);
    const there = await json<Scores>("evaluate", at("t"), at("tested"), "--split", "test");
    expect(there.ece).toBeCloseTo(said.ece, 5);
    expect(there.nll).toBeCloseTo(said.nll, 5);
    const elsewhere = await json<Scores>("evaluate", at("t"), at("faces"));
    expect(elsewhere.calibration.fittedHere).toBe(false);
  });

  test("the temperature is in every form of the export, and what reads them uses it", async () => {
    await json("export", at("b"), "--to", "bundle,safetensors,pth");
    const { calibration } = await json<Scores>("evaluate", at("b"), at("faces"));
    for (const name of ["model.onnx", "model.safetensors", "model.pth"]) {
      const scored = await json<Scores>("evaluate", at("b", "export", name), at("faces"));
      expect(scored.calibration.temperature, name).toBe(storedTemperature("b"));
      expect(scored.calibration.eceModel, name).toBeCloseTo(calibration.eceModel, 5);
    }
    await json("export", at("b", "export", "model.pth"), "--to", "bundle", "--out", at("again"));
    const again = await json<Scores>("evaluate", at("again", "model.onnx"), at("faces"));
    expect(again.calibration.temperature).toBe(storedTemperature("b"));
  });

  test("in words", async () => {
    const found = await json<Scores>("evaluate", at("b"), at("faces"));
    capture();
    expect(await run(["evaluate", at("b"), at("faces"), ...device]), printed.err).toBe(0);
    const { confusion, classes } = found;
    const matrices = `${classificationReport(confusion, classes)}\n${confusionText(confusion, classes)}`;
    expect(printed.out.startsWith(`${matrices}\n`), printed.out).toBe(true);
    expect(printed.out).toMatch(new RegExp(`^weighted F1 +${found.weightedF1.toFixed(4)}$`, "m"));
    expect(printed.out).toMatch(/^majority baseline +50\.0 %$/m);
    for (const pattern of [
      /balanced accuracy .*95 % interval/,
      /macro F1 .*95 % interval/,
      /top-2 accuracy/,
      /AUC .*happy \d\.\d{4}, sad/,
      /Brier score/,
      /calibration error {2}\d\.\d{4} {2}\(temperature \d+\.\d\d, cross-fitted; \d\.\d{4} at temperature 1\.00\)/,
      /taken for/,
      /when it is sure +at least +50\.0 %/,
    ])
      expect(printed.out).toMatch(pattern);
  });
});

describe("data whose splits the training cut", () => {
  // The folder of one split is a data set without splits.
  const flat = ["faces", "train"] as const;
  const idsOf = (name: string): string[] =>
    readFileSync(at(name, "predictions.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id);

  beforeAll(async () => {
    await trained(join(...flat), "cut", 1, "--validation", "0.25", "--test", "0.25", "--seed", "3");
  }, 120_000);

  test("is cut again, so that no image of the training is scored", async () => {
    const said = JSON.parse(readFileSync(at("cut", "evaluation.json"), "utf8")) as Scores;
    expect(said).toMatchObject({ split: "test", n: 12 });
    const path = at("cut", "best.onnx");
    const { metadata } = decodeBundle(readFileSync(path), path);
    const trainedOn = {
      cut: cutOf(metadata, path) as TrainingCut,
      fingerprint: metadata.data_fingerprint,
    };
    const again = await recut(await readDataset([at(...flat)]), trainedOn, 32, () => {});
    const ids = again?.samples.flatMap(({ id, split }) => (split === "test" ? [id] : []));
    expect(ids?.toSorted()).toEqual(idsOf("cut").toSorted());
    const tested = await json<Scores>("evaluate", at("cut"), at(...flat), "--split", "test");
    expect(tested).toMatchObject({ split: "test", n: 12, confusion: said.confusion });
    expect(tested.calibration.fittedHere).toBe(false);

    await json("export", at("cut"), "--to", "bundle,pth", "--out", at("cut-export"));
    await json("export", at("cut-export", "model.pth"), "--to", "safetensors", "--out", at("cut-again"));
    const exported = [at("cut-export", "model.onnx"), at("cut-again", "model.safetensors")];
    for (const model of [at("cut"), ...exported]) {
      const found = await json<Scores>("evaluate", model, at(...flat));
      expect(found, model).toMatchObject({ split: "validation", n: 12 });
      // Too few of twelve images are misclassified to fit a temperature.
      expect(found.calibration, model).toMatchObject({ temperature: 1, fittedHere: false });
      expect(printed.err).not.toContain("too high");
    }
  }, 60_000);

  test("what was trained on is reported when it is scored", async () => {
    const { n } = await json<Scores>("evaluate", at("cut"), at(...flat), "--split", "all");
    expect(n).toBe(48);
    expect(printed.err).toContain("best.onnx was trained on 24 of these 48 images, so its score is too high");
    const { seen } = await json<Scores>("evaluate", at("b"), at(...flat));
    expect(seen).toBe(48);
    expect(printed.err).toMatch(
      /48 of the 48 images are training images of .*best\.onnx, or near-duplicates/,
    );
  });

  test("that has changed since is recognised by its images: what was trained on is left out", async () => {
    cpSync(at(...flat), at("grown"), { recursive: true });
    const { pixels, width, height, channels } = drawFace("happy", "new", 0);
    await sharp(pixels, { raw: { width, height, channels } })
      .png()
      .toFile(at("grown", "happy", "new.png"));
    const added = await json<Scores>("evaluate", at("cut"), at("grown"));
    expect(added).toMatchObject({ split: "not trained on", n: 25 });
    // The remaining images are not compared with themselves.
    expect(added).not.toHaveProperty("leaked");
    expect(printed.err).toMatch(
      /the data has changed since .*cut\/best\.onnx was trained on it: 24 of the 49 images are training images and are left out; --split all/,
    );
    renameSync(at("grown", "happy"), at("grown", "glad"));
    const renamed = await json<Scores>("evaluate", at("cut"), at("grown"), "--rename", "glad=happy");
    expect(renamed.confusion).toEqual(added.confusion);
    expect(
      await json<Scores>("evaluate", at("cut"), at("grown"), "--rename", "glad=happy", "--split", "all"),
    ).toMatchObject({
      split: "all",
      n: 49,
    });
  }, 60_000);

  test("an exported file is checked on images that the training held out", async () => {
    await trained(join(...flat), "cut4", 1, "--validation", "0.25", "--seed", "4");
    const { files } = await json<{ files: { pictures: number }[] }>("export", at("cut4"));
    expect(files[0]?.pictures).toBe(12);
  }, 60_000);

  test("a model with another cut of the same data is not compared without a word", async () => {
    await json("compare", at("cut"), at("cut4"), at(...flat));
    expect(printed.err).toMatch(/cut4.* was trained on this data with other splits/);
    expect(printed.err).not.toMatch(/cut\/best.* was trained/);
  }, 60_000);
});

describe("compare", () => {
  test("agrees with evaluate, and its figures with each other", async () => {
    const [a, b] = [
      await json<Scores>("evaluate", at("a"), at("faces")),
      await json<Scores>("evaluate", at("b"), at("faces")),
    ];
    const found = await json<Compared>("compare", at("a"), at("b"), at("faces"), "--out", at("grids"));
    expect(found).toMatchObject({ n: 48, accuracyA: a.accuracy, accuracyB: b.accuracy, split: "validation" });
    expect(found.difference).toBeCloseTo(b.accuracy - a.accuracy, 12);
    expect(found.onlyB - found.onlyA).toBeCloseTo(found.difference * found.n, 9);
    expect(found.onlyA + found.onlyB + found.bothRight + found.bothWrong).toBe(found.n);
    expect(found.mcnemarP).toBe(mcnemarP(found.onlyA, found.onlyB));
    const [low, high] = found.interval;
    expect(low).toBeLessThanOrEqual(found.difference);
    expect(high).toBeGreaterThanOrEqual(found.difference);
    for (const name of found.classes) {
      expect(found.recall[name]?.a).toBe(a.perClass[name]?.recall);
      expect(found.recall[name]?.b).toBe(b.perClass[name]?.recall);
    }
    expect(existsSync(at("grids", "only-a.png"))).toBe(found.onlyA > 0);
    expect(existsSync(at("grids", "only-b.png"))).toBe(found.onlyB > 0);
    expect(found.verdict).toContain(
      found.mcnemarP < 0.05 ? "which is statistically significant" : "is not statistically significant",
    );
  });

  test("a model against itself: no difference", async () => {
    const found = await json<Compared>("compare", at("b"), at("b", "best.safetensors"), at("faces"));
    expect(found).toMatchObject({ difference: 0, interval: [0, 0], mcnemarP: 1, onlyA: 0, onlyB: 0 });
    expect(found.verdict).toContain("no difference on these");
  });

  test("the same classes in another order are compared by name", async () => {
    await trained("faces", "reversed", 1, "--classes", "sad,happy");
    const found = await json<Compared>("compare", at("b"), at("reversed"), at("faces"));
    const own = await json<Scores>("evaluate", at("reversed"), at("faces"));
    expect(found.accuracyB).toBe(own.accuracy);
    expect(found.recall.sad?.b).toBe(own.perClass.sad?.recall);
  }, 120_000);

  test("other classes are refused by name", async () => {
    await drawFaces("other", ["train", "validation"]);
    for (const split of ["train", "validation"])
      renameSync(at("other", split, "sad"), at("other", split, "fear"));
    await trained("other", "fearful", 1);
    expect(await run(["compare", at("b"), at("fearful"), at("faces")])).toBe(2);
    expect(printed.err).toMatch(/happy, sad; .*fear, happy\. Models must have the same classes/);
  }, 120_000);

  test("in words", async () => {
    expect(await run(["compare", at("a"), at("b"), at("faces"), ...device]), printed.err).toBe(0);
    expect(printed.out).toMatch(/B minus A +[+-]\d+\.\d points {2}\(95 % interval/);
    expect(printed.out).toMatch(/McNemar's p +(\d\.\d{4}|< 0\.0001)/);
    expect(printed.out).toMatch(/only A right +\d+/);
    expect(printed.out).toMatch(/statistically significant|no difference on these/);
  });
});
