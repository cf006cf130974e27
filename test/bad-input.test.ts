/** User errors on the command line: one clear message with the remedy, the right exit code, nothing lost. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../src/cli/main.ts";
import { describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { classifierMetadata } from "../src/weights/classifier-file.ts";
import { capture, printed } from "./support/printed.ts";
import { encodeSafetensors } from "./support/safetensors.ts";
import { smallArchitecture } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-bad-"));
const at = (...parts: string[]): string => join(folder, ...parts);

beforeEach(capture);

async function picture(path: string, value = 128, side = 32): Promise<void> {
  const pixels = Buffer.alloc(side * side, value);
  await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
    .png()
    .toFile(path);
}

async function classFolder(name: string, classes: Record<string, number>): Promise<string> {
  for (const [label, count] of Object.entries(classes)) {
    mkdirSync(at(name, label), { recursive: true });
    for (let i = 0; i < count; i++) await picture(at(name, label, `${i}.png`), 40 + i);
  }
  return at(name);
}

const architecture = smallArchitecture("happy", "sad");

beforeAll(async () => {
  // Neither the network nor another program's cached files may affect the tests.
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HUB_CACHE", at("no weights"));
  await classFolder("good", { happy: 12, sad: 12 });
  await classFolder("other", { happy: 12, sad: 13 });
  await classFolder("one class", { happy: 3 });
  await classFolder("empty class", { happy: 3, sad: 0 });
  await classFolder("lonely", { happy: 5, sad: 1 });
  mkdirSync(at("nothing"));
  const weights = withNewWeights(describeModel(architecture).specs, new Map(), 0);
  writeFileSync(at("model.safetensors"), encodeSafetensors(weights, classifierMetadata(architecture)));
  const bytes = readFileSync(at("model.safetensors"));
  // Names that do not hint at the error: only the reason may match.
  writeFileSync(at("a.safetensors"), bytes.subarray(0, bytes.length - 1000));
  writeFileSync(
    at("b.safetensors"),
    Buffer.concat([bytes.subarray(0, 20), Buffer.from("~~~"), bytes.subarray(23)]),
  );
  weights.delete("stem.conv.weight");
  writeFileSync(at("c.safetensors"), encodeSafetensors(weights));
  writeFileSync(at("d.csv"), "emotion,pixels,Usage\n3,1 2 3,Training\n");
  writeFileSync(at("e.csv"), "a,b\n1,2\n");
  writeFileSync(at("text.jpg"), "this is no image");
  writeFileSync(at("zero.png"), "");
  await picture(at("ひと 顔 ü.png"));
  mkdirSync(at("loop", "happy"), { recursive: true });
  mkdirSync(at("loop", "sad"), { recursive: true });
  for (let i = 0; i < 6; i++) {
    await picture(at("loop", "happy", `${i}.png`), i);
    await picture(at("loop", "sad", `${i}.png`), 100 + i);
  }
  symlinkSync(at("loop"), at("loop", "happy", "again"));
});

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const train = (...args: string[]): string[] => [
  "train",
  ...args,
  "--model",
  "vultus_s",
  "--weights",
  "none",
  "--device",
  "cpu",
];

const predict = (name: string, ...args: string[]): string[] => [
  ...["predict", at(name), "--model", at("model.safetensors")],
  ...args,
];

describe("wrong requests end with 2, say what is valid, and write nothing", () => {
  // The default location of a run without --out.
  const before = process.cwd();
  beforeAll(() => {
    mkdirSync(at("here"));
    process.chdir(at("here"));
  });
  afterAll(() => process.chdir(before));

  test.each([
    ["a missing folder", () => train(at("missing")), /missing/],
    ["no class folders", () => train(at("nothing")), /class/],
    ["one class", () => train(at("one class")), /happy/],
    ["an empty class", () => train(at("empty class")), /sad/],
    ["a class with one image", () => train(at("lonely")), /sad/],
    ["an unknown class", () => train(at("good"), "--classes", "hapy,sad"), /happy/],
    ["an unknown flag", () => train(at("good"), "--modle", "x"), /--model/],
    ["an unknown command", () => ["trian"], /train/],
    [
      "an unknown backbone",
      () => ["train", at("good"), "--model", "resnet5", "--weights", "none"],
      /resnet50/,
    ],
    ["an unknown recipe", () => train(at("good"), "--recipe", "progresive"), /progressive/],
    ["an unknown recipe key", () => train(at("good"), "--set", "phases.0.epoch=3"), /epochs/],
    ["a value out of range", () => train(at("good"), "--set", "labelSmoothing=7"), /labelSmoothing/],
    ["a share out of range", () => train(at("good"), "--validation", "3"), /0 to 1/],
    [
      "a recipe that needs weights",
      () => ["train", at("good"), "--model", "resnet18", "--device", "cpu"],
      /starts resnet18 from ImageNet's weights.*\n {2}.*train \S+good --model vultus_m --device cpu\n.*HF_HUB_OFFLINE is set/s,
    ],
    [
      "frozen random weights",
      () => train(at("good"), "--recipe", "progressive"),
      /freezes stages of vultus_s.*\n {2}.*train .* --recipe scratch --weights none.*random-frozen/s,
    ],
    [
      "weights that do not exist",
      () => ["train", at("good"), "--model", "resnet18", "--weights", at("no.safetensors")],
      /do not exist/,
    ],
    ["resuming what is no run", () => [...train(at("good")), "--resume", at("nothing")], /not a run folder/],
    ["a model that does not exist", () => ["evaluate", at("no-run"), at("good")], /does not exist/],
    [
      "a second model whose name every object has",
      () => ["compare", at("model.safetensors"), "constructor", at("good")],
      /constructor does not exist/,
    ],
    [
      "an address without leave to fetch it",
      () => ["predict", "https://example.org/a.jpg", "--model", at("model.safetensors")],
      /--allow-urls/,
    ],
    ["a chart of photos", () => predict("text.jpg", "--chart", at("chart.svg")), /--chart is for a video/],
    ["frames of photos", () => predict("text.jpg", "--every", "1s"), /--every is for a video/],
    ["smoothed photos", () => predict("text.jpg", "--smooth", "1s"), /--smooth is for a video/],
    ["an annotated video", () => predict("clip.mp4", "--annotate", at("marked")), /--annotate is for photos/],
    [
      "a video to resume",
      () => predict("clip.mp4", "--out", at("a.csv"), "--resume"),
      /--resume is for photos/,
    ],
    ["two forms at once", () => predict("text.jpg", "--json", "--csv"), /choose one of/],
    ["two forms of a video", () => predict("clip.mp4", "--json", "--csv"), /choose one of/],
    [
      "a form beside that of the file",
      () => predict("text.jpg", "--out", at("a.csv"), "--json"),
      /a\.csv is written as csv; leave out --json/,
    ],
    [
      "a form beside that of a video's file",
      () => predict("clip.mp4", "--out", at("a.jsonl"), "--csv"),
      /a\.jsonl is written as jsonl; leave out --csv/,
    ],
    ["a file of another form", () => predict("text.jpg", "--out", at("a.json")), /\.jsonl or \.csv/],
    ["a video's file of another form", () => predict("clip.mp4", "--out", at("a.json")), /\.jsonl or \.csv/],
    [
      "a service without time",
      () => ["serve", "--timeout", "0", "--port", "0"],
      /--timeout must be more than 0/,
    ],
    [
      "a device that is not there",
      () => ["evaluate", at("model.safetensors"), at("good"), "--device", "dml"],
      /cpu/,
    ],
  ] as const)("%s", async (_, args, message) => {
    expect(await run(args())).toBe(2);
    expect(printed.err).toMatch(message);
    expect(printed.err).not.toMatch(/ {4}at /);
    // With --json, the failure is the document.
    expect(printed.out).toMatch(args().includes("--json") ? /^\{\s*"error": / : /^$/);
    expect(readdirSync(".")).toEqual([]);
  });
});

describe("bad files end with 1 and are named", () => {
  test.each([
    [
      "a truncated model",
      () => ["evaluate", at("a.safetensors"), at("good")],
      /a\.safetensors is truncated: \S+ ends at \d+, but \d+ bytes of numbers follow/,
    ],
    [
      "a tampered model",
      () => ["evaluate", at("b.safetensors"), at("good")],
      /b\.safetensors: the header \(bytes 8 to \d+\) is not JSON; the file is damaged/,
    ],
    [
      "weights that lack a tensor",
      () => ["train", at("good"), "--model", "vultus_s", "--weights", at("c.safetensors")],
      /c\.safetensors does not fit vultus_s:\s+missing:\s+stem\.conv\.weight \[32, 1, 3, 3\]/,
    ],
    [
      "a CSV with short pixel rows",
      () => train(at("d.csv")),
      /d\.csv, row 2: 3 pixels, expected 2304 \(48 × 48\)/,
    ],
    [
      "a CSV without the columns",
      () => train(at("e.csv")),
      /e\.csv has the columns a, b\. Expected path and label/,
    ],
  ] as const)("%s", async (_, args, message) => {
    expect(await run(args())).toBe(1);
    expect(printed.err).toMatch(message);
    expect(printed.err).not.toMatch(/(bug in|fault of) vultus/);
  });
});

test("predict answers for every file in order and ends with 1 if one could not be read", async () => {
  const files = [
    at("text.jpg"),
    at("good", "happy", "0.png"),
    at("zero.png"),
    at("ひと 顔 ü.png"),
    at("gone.png"),
  ];
  const code = await run([
    "predict",
    ...files,
    "--no-detect",
    "--model",
    at("model.safetensors"),
    "--json",
    "--device",
    "cpu",
  ]);
  expect(code).toBe(1);
  const predictions = JSON.parse(printed.out) as {
    file: string;
    status: string;
    faces: { probabilities: Record<string, number> }[];
  }[];
  expect(predictions.map(({ file }) => file)).toEqual(files);
  expect(predictions.map(({ status }) => status)).toEqual([
    "unreadable",
    "ok",
    "unreadable",
    "ok",
    "unreadable",
  ]);
  const shares = Object.values(predictions[1]?.faces[0]?.probabilities ?? {});
  expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
});

test("evaluate prints one JSON document that agrees with itself", async () => {
  expect(await run(["evaluate", at("model.safetensors"), at("good"), "--json", "--device", "cpu"])).toBe(0);
  const result = JSON.parse(printed.out) as {
    n: number;
    accuracy: number;
    confusion: number[][];
    interval: [number, number];
  };
  expect(result.n).toBe(24);
  const right = (result.confusion[0]?.[0] ?? 0) + (result.confusion[1]?.[1] ?? 0);
  expect(result.accuracy).toBeCloseTo(right / 24, 12);
  expect(result.interval[0]).toBeLessThanOrEqual(result.accuracy);
  expect(result.interval[1]).toBeGreaterThanOrEqual(result.accuracy);
});

const short = [
  "--recipe",
  "scratch",
  "--input-size",
  "32",
  "--batch-size",
  "4",
  "--set",
  "phases.0.epochs=1",
  "--threads",
  "1",
];

test("a loss that is not a number stops with the step, the rate and the last good checkpoint", async () => {
  const wild = [
    "--set",
    "phases.0.optimizer.learningRate=1e30",
    "--set",
    "phases.0.clipNorm=0",
    "--set",
    "phases.0.ema=0",
  ];
  expect(await run([...train(at("good")), ...short, ...wild, "--out", at("wild")])).toBe(1);
  expect(printed.err).toMatch(/step \d+, at a learning rate of .*last checkpoint/s);
  expect(await run([...train(at("good")), ...short, ...wild, "--resume", at("wild")])).toBe(1);
});

test("symlink loops are walked once; a run folder is never overwritten; other data cannot resume it", async () => {
  expect(await run([...train(at("loop")), ...short, "--out", at("run"), "--json"])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({ run: at("run"), best: { phase: "all", epoch: 1 } });
  const best = readFileSync(at("run", "best.safetensors"));
  expect(await run([...train(at("loop")), ...short, "--out", at("run")])).toBe(2);
  expect(printed.err).toMatch(/--resume/);
  expect(await run([...train(at("other")), "--resume", at("run")])).toBe(2);
  expect(printed.err).toMatch(/other data/);
  expect(await run([...train(at("loop")), "--precision", "fp16", "--resume", at("run")])).toBe(2);
  expect(printed.err).toMatch(/was started with --precision fp32 and cannot continue with --precision fp16/);
  expect(await run([...train(at("loop")), "--cache-features", "off", "--resume", at("run")])).toBe(2);
  expect(printed.err).toMatch(/was started with --cache-features auto/);
  expect(readFileSync(at("run", "best.safetensors")).equals(best)).toBe(true);
});

test("--resume takes the command that began the run; options that ask for another recipe are refused", async () => {
  const began = [...train(at("good")), ...short];
  const resumed = (...more: string[]) => run([...began, ...more, "--resume", at("resumed")]);
  expect(await run([...began, "--out", at("resumed")])).toBe(0);
  expect(await resumed("--recipe", "scratch")).toBe(0);
  expect(await run([...train(at("good")), "--resume", at("resumed")])).toBe(0);
  // A time budget may have made the size and the number of epochs smaller than the command says.
  const fitted = ["--time-budget", "10m", "--input-size", "48", "--set", "phases.0.epochs=2"];
  expect(await resumed(...fitted)).toBe(0);
  for (const [more, message] of [
    [["--batch-size", "8"], /batchSize is 4, not 8/],
    [["--model", "vultus_m"], /model is "vultus_s", not "vultus_m"/],
    [["--seed", "7"], /seed is 0, not 7/],
    [["--recipe", "finetune"], /name is "scratch", not "finetune"/],
    [["--set", "labelSmoothing=0"], /labelSmoothing is 0\.1, not 0/],
    [[...fitted, "--seed", "7"], /seed is 0, not 7/],
    [["--input-size", "48"], /inputSize is 32, not 48/],
  ] as const) {
    expect(await resumed(...more), more.join(" ")).toBe(2);
    expect(printed.err).toMatch(message);
  }
});

describe("a time budget", () => {
  const budget = (time: string, phases: readonly object[], name: string): string[] => [
    ...train(at("good")),
    ...["--recipe", "scratch", "--input-size", "64", "--batch-size", "4", "--threads", "1"],
    ...["--set", `phases=${JSON.stringify(phases)}`, "--time-budget", time, "--out", at(name)],
  ];
  const optimizer = { type: "adamw", learningRate: 0.001 };

  test("in which not even the least training fits is refused before there is a run", async () => {
    // One epoch in each of 100 phases: some 170 billion multiply-accumulates.
    const phases = Array.from({ length: 100 }, (_, i) => ({
      name: `p${i}`,
      train: "all",
      epochs: 1,
      optimizer,
    }));
    expect(await run(budget("1s", phases, "too short"))).toBe(2);
    expect(printed.err).toMatch(
      /the time budget of 1 s is too short: the shortest training, vultus_s at 48 px with one epoch per phase, is forecast to take \d.*; increase it \(--time-budget \d+[ms]\) or use fewer images/,
    );
    expect(existsSync(at("too short"))).toBe(false);
  });

  test("is met with a smaller input and fewer epochs, which is said", async () => {
    // Early stopping ends it after a few epochs.
    const phases = [{ name: "all", train: "all", epochs: 3000, patience: 1, optimizer }];
    expect(await run(budget("8s", phases, "in time"))).toBe(0);
    expect(printed.err).toMatch(/^forecast: .* for all epochs; the budget is 8\.0 s$/m);
    expect(printed.err).toMatch(/^input 64 → 48 px: forecast .* → .*$/m);
    const epochs = Number(/^epochs 3000 → (\d+): forecast .* → [1-8] s$/m.exec(printed.err)?.[1]);
    expect(epochs).toBeLessThan(3000);
    const recipe = JSON.parse(readFileSync(at("in time", "recipe.json"), "utf8"));
    expect(recipe).toMatchObject({ inputSize: 48, phases: [{ epochs }] });
  });
});
