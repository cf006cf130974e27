/** `explain`, `evaluate --robustness --tta` and baselines of `compare` on one small trained run. */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { drawFace } from "../src/data/synthetic.ts";
import type { MapScores } from "../src/evaluate/deletion-insertion.ts";
import type { Robustness } from "../src/evaluate/robustness.node.ts";
import type { ComparisonResult as Compared } from "../src/jobs/comparison-result.ts";
import type { ModelEvaluation as Scores } from "../src/jobs/evaluate.ts";
import { explainPhotos } from "../src/jobs/explained-photos.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import { random } from "../src/util/random.ts";
import { loadClassifier } from "../src/weights/load.node.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

interface Explained {
  method: string;
  photos: {
    file: string;
    status: string;
    faces: { label: string; explained: string; probabilities: Record<string, number>; overlay: string }[];
  }[];
  data?: { pictures: number; average: string; scores: MapScores };
}

const folder = mkdtempSync(join(tmpdir(), "vultus-beyond-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const device = ["--device", "cpu", "--threads", "2"];
const counts = { happy: 24, sad: 16 };
const picture = (label: string, i: number): string => at("faces", "validation", label, `${i}.png`);

const json = <T>(...args: string[]): Promise<T> => printedJson<T>(...args, ...device);

beforeEach(capture);
beforeAll(async () => {
  const restore = capture();
  for (const [label, count] of Object.entries(counts) as ["happy" | "sad", number][]) {
    for (const split of ["train", "validation"]) {
      mkdirSync(at("faces", split, label), { recursive: true });
      for (let i = 0; i < count; i++) {
        const { pixels, width, height, channels } = drawFace(label, split, i);
        await sharp(pixels, { raw: { width, height, channels } })
          .png()
          .toFile(at("faces", split, label, `${i}.png`));
      }
    }
  }
  const args = ["train", at("faces"), "--model", "vultus_s", "--recipe", "scratch", "--input-size", "48"];
  const set = ["--batch-size", "8", "--set", "phases.all.epochs=15", "--out", at("run")];
  expect(await run([...args, ...set, ...device]), printed.err).toBe(0);
  restore();
}, 480_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("explain", () => {
  test("writes one overlay a face, in order, and agrees with predict", async () => {
    const files = [picture("happy", 1), picture("sad", 1), picture("happy", 2)];
    const args = [...files, "--no-detect", "--model", at("run")];
    const { method, photos } = await json<Explained>("explain", ...args, "--out", at("maps"));
    expect(method).toBe("grad-cam");
    expect(photos.map(({ file, faces }) => [file, faces.length])).toEqual(files.map((file) => [file, 1]));
    const faces = photos.flatMap((photo) => photo.faces);
    // Two files are named 1.png: neither overlay may replace the other.
    expect(new Set(faces.map(({ overlay }) => overlay)).size).toBe(3);
    const predicted = await json<Explained["photos"]>("predict", ...args);
    for (const [i, { label, explained, probabilities, overlay }] of faces.entries()) {
      expect(existsSync(overlay)).toBe(true);
      expect(explained).toBe(label);
      expect(label).toBe(predicted[i]?.faces[0]?.label);
      for (const [name, value] of Object.entries(probabilities))
        expect(value).toBeCloseTo(predicted[i]?.faces[0]?.probabilities[name] as number, 4);
    }
  });

  test("a class can be named; what cannot be read is a row, and the exit code shows it", async () => {
    writeFileSync(at("broken.png"), "no image");
    const args = [
      "explain",
      picture("sad", 3),
      at("broken.png"),
      at("none.png"),
      "--no-detect",
      "--model",
      at("run"),
    ];
    const more = ["--class", "happy", "--method", "grad-cam++", "--out", at("named"), ...device];
    expect(await run([...args, ...more, "--json"])).toBe(1);
    const { photos } = JSON.parse(printed.out) as Explained;
    expect(photos.map(({ status }) => status)).toEqual(["ok", "unreadable", "unreadable"]);
    expect(photos[0]?.faces[0]?.explained).toBe("happy");
    expect(readdirSync(at("named"))).toEqual([".vultus", "3.png"]);
    expect(printed.err).toMatch(/none\.png: no such file/);
    printed.out = "";
    expect(await run([...args, ...more])).toBe(1);
    expect(printed.out.trim().split("\n").length).toBe(3);
  });

  test("photos are explained as they are read, and not held until the last", async () => {
    mkdirSync(at("many"));
    for (let i = 100; i < 180; i++) copyFileSync(picture("sad", 1), at("many", `${i}.png`));
    const classifier = loadClassifier(at("run"));
    const engine = startEngine({ device: "cpu", threads: 2 });
    const out = at("explained many");
    mkdirSync(out);
    try {
      const options = { method: "grad-cam", target: undefined, detector: undefined, out } as const;
      const statuses: string[] = [];
      for await (const { status, faces } of explainPhotos(engine, classifier, [at("many")], options)) {
        if (statuses.length === 0) rmSync(at("many", "179.png"));
        for (const { overlay } of faces) expect(existsSync(overlay)).toBe(true);
        statuses.push(status);
      }
      expect(statuses).toEqual([...new Array<string>(79).fill("ok"), "unreadable"]);
    } finally {
      await engine.close();
    }
  });

  test("faces are found in photos; one without a face is a row too", async () => {
    const blank = { create: { width: 300, height: 200, channels: 3, background: "#7090b0" } } as const;
    await sharp(blank).png().toFile(at("blank.png"));
    expect(
      await run(["explain", at("blank.png"), "--model", at("run"), "--out", at("found"), ...device]),
    ).toBe(1);
    expect(printed.out).toMatch(/blank\.png {2}no_face/);
  });

  test("a folder of labelled images gives a mean map of each class and scores beside shuffled maps", async () => {
    const args = [
      "explain",
      "--data",
      at("faces"),
      "--pictures",
      "8",
      "--model",
      at("run"),
      "--out",
      at("mean"),
    ];
    const { data, photos } = await json<Explained>(...args);
    expect(photos).toEqual([]);
    expect(data?.pictures).toBe(8);
    expect(existsSync(data?.average as string)).toBe(true);
    const { deletion, insertion } = (data as NonNullable<typeof data>).scores;
    for (const { map, random, difference } of [deletion, insertion]) {
      expect(map).toBeGreaterThan(0);
      expect(map).toBeLessThan(1);
      expect(difference[0]).toBeLessThanOrEqual(map - random);
      expect(difference[1]).toBeGreaterThanOrEqual(map - random);
    }
    printed.out = "";
    expect(await run([...args, ...device]), printed.err).toBe(0);
    expect(printed.out).toMatch(/deletion .*lower is better\ninsertion .*higher is better/);
  });

  test("a labelled image that cannot be read is named, and the exit code shows it", async () => {
    for (const label of ["happy", "sad"] as const) {
      mkdirSync(at("spoilt", label), { recursive: true });
      for (let i = 0; i < 2; i++) copyFileSync(picture(label, i), at("spoilt", label, `${i}.png`));
    }
    writeFileSync(at("spoilt", "sad", "broken.png"), "no image");
    const args = ["--allow-unreadable", "--model", at("run"), "--out", at("mean of spoilt"), ...device];
    expect(await run(["explain", "--data", at("spoilt"), ...args])).toBe(1);
    expect(printed.err).toMatch(/left out: .*broken\.png/);
    expect(printed.out).toMatch(/deletion/);
  });

  test("wrong requests are refused by name", async () => {
    expect(await run(["explain", "--model", at("run")])).toBe(2);
    expect(printed.err).toContain("no photos given");
    expect(await run(["explain", picture("sad", 1), "--model", at("run"), "--class", "hapy"])).toBe(2);
    expect(printed.err).toMatch(/no class "hapy".*happy/);
    expect(await run(["explain", picture("sad", 1), "--model", at("run"), "--method", "saliency"])).toBe(2);
  });
});

describe("evaluate", () => {
  test("--robustness: clean is the accuracy, drops follow from accuracies, files say the same", async () => {
    const args = ["evaluate", at("run"), at("faces"), "--robustness", "--out", at("scored")];
    const { robustness, accuracy, n } = await json<Scores>(...args);
    const { corruptions, groups, clean, meanRelativeDrop } = robustness as Robustness;
    expect(robustness).toMatchObject({ n, clean: accuracy });
    expect(corruptions.length).toBe(21);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    for (const { accuracy: own, relativeDrop, values } of corruptions) {
      expect([own.length, values.length]).toEqual([5, 5]);
      for (const share of own) expect(Math.abs(share * n - Math.round(share * n))).toBeLessThan(1e-9);
      expect(relativeDrop).toBeCloseTo(mean(own.map((share) => (clean - share) / clean)), 12);
    }
    for (const { group, relativeDrop } of groups) {
      const own = corruptions.filter((one) => one.group === group);
      expect(relativeDrop).toBeCloseTo(mean(own.map((one) => one.relativeDrop)), 12);
    }
    expect(meanRelativeDrop).toBeCloseTo(mean(corruptions.map((one) => one.relativeDrop)), 12);
    // A model with high accuracy cannot keep it under every corruption of the images.
    expect(meanRelativeDrop).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(at("scored", "robustness.json"), "utf8"))).toEqual(robustness);
    expect(readFileSync(at("scored", "robustness.svg"), "utf8")).toContain("low contrast");
    expect((await sharp(at("scored", "robustness.png")).metadata()).format).toBe("png");
  }, 480_000);

  test("--pictures bounds them, the same ones every time, and the text has a line a group", async () => {
    const args = ["evaluate", at("run"), at("faces"), "--robustness", "--pictures", "8"];
    const { robustness } = await json<Scores>(...args);
    expect(robustness?.n).toBe(8);
    printed.out = "";
    expect(await run([...args, ...device]), printed.err).toBe(0);
    for (const { title, accuracy } of robustness?.corruptions ?? []) {
      const shares = accuracy.map((share) => `${(100 * share).toFixed(1)} %`).join(" +");
      expect(printed.out).toMatch(new RegExp(`^ *${title.replace(/[()]/g, "\\$&")} +${shares} `, "m"));
    }
    for (const group of ["light", "orientation", "occlusion", "image quality"])
      expect(printed.out).toMatch(new RegExp(`^ {2}${group} +[+-]\\d+\\.\\d % {2}\\(most: `, "m"));
    expect(printed.err).toMatch(/106 passes over 8 of 40 images/);
  }, 480_000);

  test("--tta: gains follow from accuracies, and more views cost more", async () => {
    const { tta, accuracy, n } = await json<Scores>("evaluate", at("run"), at("faces"), "--tta");
    expect(tta).toMatchObject({ n, accuracy });
    expect(tta?.variants.map(({ name, views }) => [name, views])).toEqual([
      ["flip", 2],
      ["flip and shifts", 10],
    ]);
    for (const variant of tta?.variants ?? []) {
      expect(variant.difference).toBeCloseTo(variant.accuracy - accuracy, 12);
      expect(variant.interval[0]).toBeLessThanOrEqual(variant.difference);
      expect(variant.interval[1]).toBeGreaterThanOrEqual(variant.difference);
      expect(variant.costRatio).toBeGreaterThan(1);
    }
    const [flip, shifts] = tta?.variants ?? [];
    expect(shifts?.costRatio).toBeGreaterThan(flip?.costRatio as number);
  });
});

describe("compare with a baseline", () => {
  // Random features distinguish light images, called happy, from dark ones.
  beforeAll(async () => {
    for (const [label, count] of Object.entries(counts)) {
      for (const split of ["train", "validation"]) {
        mkdirSync(at("shades", split, label), { recursive: true });
        for (let i = 0; i < count; i++) {
          const rng = random("shades", split, label, i);
          const shade = label === "happy" ? 150 : 20;
          const pixels = Uint8Array.from({ length: 48 * 48 }, () => shade + rng.integer(80));
          await sharp(pixels, { raw: { width: 48, height: 48, channels: 1 } })
            .png()
            .toFile(at("shades", split, label, `${i}.png`));
        }
      }
    }
  });

  test("majority is right exactly on the most frequent class of the training images", async () => {
    const found = await json<Compared>("compare", at("run"), "majority", at("faces"));
    expect(found).toMatchObject({ baseline: "majority", n: 40, accuracyB: 24 / 40 });
    expect(found.recall.happy?.b).toBe(1);
    expect(found.recall.sad?.b).toBe(0);
  });

  test.each(["base", "linear-probe"])(
    "%s is trained here, on what the run started from",
    async (name) => {
      const scored = await json<Scores>("evaluate", at("run"), at("shades"));
      const args = ["compare", at("run"), name, at("shades"), "--weights", "none"];
      const found = await json<Compared>(...args);
      expect(found).toMatchObject({ baseline: name, n: 40, accuracyA: scored.accuracy });
      expect(found.accuracyB).toBeGreaterThan(0.9);
      // The run's folder is unchanged.
      expect(existsSync(at("run", name))).toBe(false);
      expect(await json<Compared>(...args)).toEqual(found);
    },
    120_000,
  );

  test("what it needs and lacks is said", async () => {
    const file = at("run", "best.safetensors");
    expect(await run(["compare", file, "base", at("faces"), "--weights", "none", ...device])).toBe(2);
    expect(printed.err).toMatch(/not a run folder.*recipe/);
    const flat = at("faces", "validation");
    expect(await run(["compare", at("run"), "base", flat, "--weights", "none", ...device])).toBe(2);
    expect(printed.err).toMatch(/no validation images/);
    expect(await run(["compare", at("run"), "scratch", at("faces"), ...device])).toBe(2);
    expect(printed.err).toContain("scratch does not exist");
  });
});
