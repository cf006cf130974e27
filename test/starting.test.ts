/** What trainings start from by default, and the notes about images that the starting weights know, here and in every scoring. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../src/cli/main.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { readSafetensors, writeSafetensors } from "../src/formats/safetensors.node.ts";
import type { EvaluationResult } from "../src/jobs/evaluation-result.ts";
import { train } from "../src/jobs/train.ts";
import { decodeModel, metadataOf, withMetadata } from "../src/onnx/model.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-starting-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const device = ["--device", "cpu", "--threads", "2"];
const readJson = <T>(...parts: string[]): T => JSON.parse(readFileSync(at(...parts), "utf8")) as T;

/** Face `seed`, always the same one, as a PNG or a JPEG. */
async function write(path: string, label: string, seed: number): Promise<void> {
  const { pixels, width, height, channels } = drawFace(label === "sad" ? "sad" : "happy", "starting", seed);
  const image = sharp(pixels, { raw: { width, height, channels } });
  mkdirSync(dirname(at(path)), { recursive: true });
  await (path.endsWith(".jpg") ? image.jpeg({ quality: 85 }) : image.png()).toFile(at(path));
}

const KNOWN = 3;
const HELD = 8;

beforeAll(async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HOME", at("hub"));
  for (const [k, label] of ["happy", "sad"].entries()) {
    const seed = (i: number): number => 1000 * k + i;
    for (let i = 0; i < 16; i++) {
      await write(`old/train/${label}/${i}.png`, label, seed(i));
      await write(`new/train/${label}/${i}.png`, label, seed(100 + i));
      await write(`partly/${label === "sad" ? "tired" : "joy"}/${i}.png`, label, seed(300 + i));
    }
    for (let i = 0; i < HELD; i++) {
      await write(`old/validation/${label}/${i}.png`, label, seed(400 + i));
      // The first ones are copies of images of the first training.
      await write(`new/validation/${label}/${i}.jpg`, label, seed(i < KNOWN ? i : 200 + i));
    }
  }
}, 60_000);

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(capture);

const one = ["--set", "phases.all.epochs=1"];
const scored = (...args: string[]): Promise<EvaluationResult> => printedJson("evaluate", ...args, ...device);

describe("without a network and without a name", () => {
  test("the model that ships is adapted, by the command and by the library", async () => {
    expect(await run(["train", at("partly"), ...one, ...device, "--out", at("default")]), printed.err).toBe(
      0,
    );
    expect(printed.err).toMatch(
      "weights: vultus_m, the model that ships\nthe head keeps happy; starts fresh for tired\n",
    );
    expect(readJson("default", "recipe.json")).toMatchObject({ name: "adapt", model: "vultus_m" });
    expect(readJson("default", "environment.json")).toMatchObject({
      weights: "vultus_m, the model that ships",
    });
    expect(readFileSync(at("default", "model-card.md"), "utf8")).toContain(
      "Starting weights: vultus\\_m, the model that ships.",
    );
    const same = { data: at("partly"), overrides: one.slice(1), device: "cpu", threads: 2 } as const;
    await train({ ...same, out: at("library") });
    for (const file of ["recipe.json", "best.safetensors"])
      expect(readFileSync(at("library", file)).equals(readFileSync(at("default", file))), file).toBe(true);
  }, 120_000);

  test.each(["--model", "--recipe"])(
    "a ResNet by %s is refused with the command that works",
    async (flag) => {
      const name = flag === "--model" ? "resnet50" : "progressive";
      expect(await run(["train", at("partly"), flag, name, "--seed", "3", "--out", at("my run")])).toBe(2);
      expect(printed.err).toMatch(/To train without them, and without a network:\n {2}\S.*train /);
      expect(printed.err).toContain(
        `train ${at("partly")} --model vultus_m --seed 3 --out '${at("my run")}'\n`,
      );
    },
  );
});

describe("images that the starting weights know", () => {
  const said = `${2 * KNOWN} of the ${2 * HELD} validation images are training images of the starting weights (old run/best.onnx), or near-duplicates of them: scores on these are too high`;

  test("are counted at the start, and the score is given without them", async () => {
    const small = ["--recipe", "scratch", "--model", "vultus_s", "--input-size", "32", "--batch-size", "8"];
    const first = [...small, ...one, ...device, "--out", at("old run")];
    expect(await run(["train", at("old"), ...first]), printed.err).toBe(0);
    expect(printed.err).not.toContain("training images of");
    capture();
    const second = [
      "--weights",
      at("old run"),
      "--input-size",
      "32",
      ...one,
      ...device,
      "--out",
      at("new run"),
    ];
    expect(await run(["train", at("new"), ...second]), printed.err).toBe(0);
    expect(printed.err).toContain(said);
    expect(printed.err).toContain("weights: old run/best.onnx\n");
    expect(readJson("new run", "recipe.json")).toMatchObject({ name: "adapt", model: "vultus_s" });
    expect(readJson("new run", "evaluation.json")).toMatchObject({
      seen: 2 * KNOWN,
      withoutSeen: { n: 2 * (HELD - KNOWN) },
    });
    expect(printed.out).toContain(
      `${2 * KNOWN} of them are training images of the starting weights: without them `,
    );
    for (const file of ["report.html", "model-card.md"])
      expect(readFileSync(at("new run", file), "utf8"), file).toMatch(
        /training images of the starting weights/,
      );
  }, 120_000);

  test("evaluate and compare say the same of them", async () => {
    const { seen, withoutSeen } = readJson<EvaluationResult>("new run", "evaluation.json");
    expect(await scored(at("new run"), at("new"))).toMatchObject({ seen, withoutSeen });
    const tail = "or near-duplicates of them: scores on these are too high";
    const onNew = `${2 * KNOWN} of the ${2 * HELD} images are training images of the weights that ${at("new run", "best.onnx")} started from, ${tail}`;
    const onOld = `${2 * KNOWN} of the ${2 * HELD} images are training images of ${at("old run", "best.onnx")}, ${tail}`;
    expect(printed.err).toContain(onNew);
    expect(await scored(at("old run"), at("new"))).toMatchObject({ seen });
    expect(printed.err).toContain(onOld);
    capture();
    expect(await run(["compare", at("old run"), at("new run"), at("new"), ...device]), printed.err).toBe(0);
    expect(printed.err).toContain(onOld);
    expect(printed.err).toContain(onNew);
  });

  test("a whole chain of trainings is known, by its exports too", async () => {
    const third = ["--weights", at("new run", "best.onnx"), "--input-size", "32", ...one, ...device];
    expect(await run(["train", at("partly"), ...third, "--out", at("third run")]), printed.err).toBe(0);
    expect(await run(["export", at("third run"), "--to", "fp16", "--out", at("exported"), ...device])).toBe(
      0,
    );
    const { seen } = await scored(at("third run"), at("partly"), "--split", "all");
    expect(seen).toBe(0);
    for (const file of [at("third run"), at("exported", "model-fp16.onnx")]) {
      const known = await scored(file, at("old"), "--split", "train");
      expect(known.seen, file).toBe(known.n);
    }
  }, 120_000);

  test("a resumed run reports what it started from", async () => {
    const stopping = new AbortController();
    const notes: string[] = [];
    const options = {
      data: at("new"),
      recipe: "adapt",
      model: "vultus_s",
      device: "cpu",
      threads: 2,
    } as const;
    const { folder: started } = await train({
      ...options,
      out: at("stopped"),
      overrides: ["phases.all.epochs=2"],
      signal: stopping.signal,
      onEvent: ({ type }) => type === "epochEnd" && stopping.abort(),
    });
    await train({
      data: at("new"),
      resume: started,
      device: "cpu",
      threads: 2,
      onEvent: (event) => event.type === "note" && notes.push(event.text),
    });
    expect(notes).toContain("weights: vultus_s, the model that ships (at the start of the run)");
  }, 120_000);

  test("files of older versions say nothing, and that is said", async () => {
    const [bundle, weights] = [at("older.onnx"), at("older.safetensors")];
    const bytes = readFileSync(at("old run", "best.onnx"));
    const { training_images, data_fingerprint, ...older } = metadataOf(decodeModel(bytes, "a"));
    expect([training_images, data_fingerprint]).not.toContain(undefined);
    writeFileSync(bundle, withMetadata(bytes, "a", older));
    const { tensors, metadata } = readSafetensors(at("old run", "best.safetensors"));
    const { training_images: record, ...rest } = metadata;
    expect(record).toBeDefined();
    writeSafetensors(weights, tensors, rest);
    expect(await scored(bundle, at("new"), "--split", "all")).not.toHaveProperty("seen");
    const unknown = (name: string, count: number, what: string): string =>
      `the training images of ${name} are unknown: if any of the ${count} ${what} is among them, the scores are too high`;
    expect(printed.err).toContain(unknown(bundle, 48, "images"));
    capture();
    const from = ["--weights", weights, "--input-size", "32", ...one, ...device, "--out", at("from older")];
    expect(await run(["train", at("new"), ...from]), printed.err).toBe(0);
    expect(printed.err).toContain(
      unknown("the starting weights (older.safetensors)", 16, "validation images"),
    );
  }, 120_000);
});
