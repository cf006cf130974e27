import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import type { Dataset, Sample } from "../data/dataset.ts";
import { FormatError } from "../util/errors.ts";
import { realCalls } from "../util/files.node.ts";
import type { StateDict } from "../util/tensor.ts";
import type { Listener, TrainEvents } from "./events.ts";
import { recipeArchitecture } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";
import { readCheckpoint, runPaths, writeCheckpoint } from "./run-folder.node.ts";
import type { TrainSettings } from "./settings.ts";
import { trainInto } from "./train.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-train-"));
afterAll(() => rmSync(folder, { recursive: true }));

const samples = Array.from({ length: 16 }, (_, i): Sample => {
  const picture = {
    width: 32,
    height: 32,
    channels: 1 as const,
    pixels: new Uint8Array(32 * 32).fill(10 * i),
  };
  return {
    id: String(i),
    source: { kind: "pixels", picture },
    label: i % 2,
    split: i < 8 ? "train" : "validation",
  };
});
const dataset: Dataset = {
  classes: ["a", "b"],
  samples,
  sources: [],
  fingerprint: "0",
  leftOut: [],
  notes: [],
};

const headAlone = [
  { name: "head", train: "head", epochs: 4, optimizer: { type: "adamw", learningRate: 0.001 } },
];
const recipe = resolveRecipe("progressive", [
  "model=vultus_s",
  "inputSize=32",
  "batchSize=4",
  `phases=${JSON.stringify(headAlone)}`,
]);
const architecture = recipeArchitecture(recipe, dataset.classes);
const bytesOfView = 8 * architecture.backbone.features * 4;

/** Trains until the first event of this kind; returns the notes that were given. */
async function trainUntil(
  event: "phaseStart" | "features" | "step",
  {
    onStart,
    onFeatures,
    onForecast,
    ...options
  }: Pick<TrainSettings, "folder" | "resume"> &
    Partial<TrainSettings> & {
      readonly onStart?: () => void;
      readonly onFeatures?: (done: number) => void;
      readonly onForecast?: (forecast: TrainEvents["forecast"]) => void;
    },
): Promise<string[]> {
  const notes: string[] = [];
  const stop = new AbortController();
  const listeners: Listener[] = [
    { note: ({ text }) => void notes.push(text) },
    {
      start: () => onStart?.(),
      features: ({ done }) => onFeatures?.(done),
      forecast: (event) => onForecast?.(event),
    },
    { [event]: () => stop.abort() },
  ];
  expect(await trainHere({ listeners, signal: stop.signal, ...options })).toBe("interrupted");
  return notes;
}

/** Trains with the given options and with defaults for the others; returns how it ended. */
async function trainHere(options: Pick<TrainSettings, "folder" | "resume"> & Partial<TrainSettings>) {
  const trained = await trainInto({
    dataset,
    architecture,
    recipe,
    weights: new Map(),
    version: "0",
    device: "cpu",
    threads: 1,
    precision: "fp32",
    cacheFeatures: true,
    memoryBudget: 1e9,
    allowUnreadable: false,
    checkpointEvery: 600,
    listeners: [],
    signal: new AbortController().signal,
    ...options,
  });
  trained.validation.close();
  await trained.engine.close();
  return trained.ending;
}

test("a run keeps the augmented views that it began with, whatever memory there is when it goes on", async () => {
  const run = join(folder, "run");
  const kept = /^2 of 4 augmented views are kept/;
  const begun = await trainUntil("phaseStart", {
    folder: run,
    resume: false,
    memoryBudget: 2.5 * bytesOfView,
  });
  expect(begun).toContainEqual(expect.stringMatching(kept));
  expect(await trainUntil("phaseStart", { folder: run, resume: true })).toContainEqual(
    expect.stringMatching(kept),
  );
});

test("a run of before its settings were recorded goes on with those given now; other versions are said", async () => {
  const run = join(folder, "old");
  await trainUntil("phaseStart", { folder: run, resume: false });
  const { environment } = runPaths(run);
  const { precision, cacheFeatures, views, ...old } = JSON.parse(readFileSync(environment, "utf8"));
  expect({ precision, cacheFeatures, views }).toEqual({ precision: "fp32", cacheFeatures: true, views: 4 });
  writeFileSync(environment, JSON.stringify({ ...old, vultus: "0.0", node: "v1.2.3" }));
  const goOn = (now: Partial<TrainSettings> & { readonly onFeatures?: (done: number) => void }) =>
    trainUntil("step", { folder: run, resume: true, precision: "fp16", ...now });
  const notes = await goOn({ memoryBudget: 2.5 * bytesOfView });
  expect(notes).toContain("not bit-exact: vultus was 0.0 and is 0 now");
  expect(notes).toContain(`not bit-exact: node was v1.2.3 and is ${process.version} now`);
  expect(notes).toContainEqual(expect.stringMatching(/^2 of 4 augmented views are kept/));
  // Only training in half precision has a loss scale.
  expect([...readCheckpoint(runPaths(run).checkpoint).tensors.keys()]).toContain("scaler.scale");
  const done: number[] = [];
  await goOn({ cacheFeatures: false, onFeatures: (count) => void done.push(count) });
  expect(done).toEqual([]);
});

test("a checkpoint that lacks a weight is refused by its name", async () => {
  const run = join(folder, "lacking");
  await trainUntil("phaseStart", { folder: run, resume: false });
  const { checkpoint } = runPaths(run);
  const { tensors, progress } = readCheckpoint(checkpoint);
  tensors.delete("stem.conv.weight");
  writeCheckpoint(checkpoint, tensors, progress);
  const resumed = trainUntil("phaseStart", { folder: run, resume: true });
  await expect(resumed).rejects.toThrow(FormatError);
  await expect(resumed).rejects.toThrow(/last\.safetensors lacks stem\.conv\.weight.*`out`/);
});

test("the forecast of a long phase on cached features counts them, before any is computed", async () => {
  const forecasts: TrainEvents["forecast"][] = [];
  let computedBefore = 0;
  const long = resolveRecipe(recipe, ["phases.head.epochs=30"]);
  await trainUntil("features", {
    folder: join(folder, "forecast"),
    resume: false,
    recipe: long,
    onForecast: (forecast) => forecasts.push(forecast),
    onFeatures: () => {
      if (forecasts.length === 0) computedBefore++;
    },
  });
  expect(computedBefore).toBe(0);
  expect(forecasts).toMatchObject([{ steps: 60 }]);
  const [{ prepareSeconds, stepSeconds }] = forecasts as [TrainEvents["forecast"]];
  expect(prepareSeconds).toBeGreaterThan(0);
  expect(stepSeconds).toBeGreaterThan(0);
});

test("a signal while features are computed stops after their batch, and the run can go on", async () => {
  const many = Array.from({ length: 80 }, (_, i) => ({
    ...(samples[i % 8] as Sample),
    id: `many ${i}`,
  }));
  const set = { ...dataset, samples: [...many, ...samples.slice(8)] };
  const run = join(folder, "features");
  const done: number[] = [];
  for (const resume of [false, true]) {
    await trainUntil("features", {
      folder: run,
      resume,
      dataset: set,
      onFeatures: (count) => void done.push(count),
    });
  }
  expect(done).toEqual([32, 32]);
});

/** Hashes every tensor's bits; comparing the numbers one by one takes seconds. */
const fingerprints = (tensors: StateDict = new Map()): [string, string][] =>
  [...tensors].map(([name, { data }]) => [name, createHash("sha256").update(data).digest("hex")]);

test("a disk that is full at a checkpoint stops the run, keeps the one before, and the run can go on exactly", async () => {
  const [whole, run] = [join(folder, "whole"), join(folder, "full")];
  const short = { recipe: { ...recipe, views: 1, phases: recipe.phases.map((p) => ({ ...p, epochs: 2 })) } };
  expect(await trainHere({ ...short, folder: whole, resume: false })).toBe("finished");
  const { checkpoint, best } = runPaths(run);
  const { open, write } = realCalls;
  let kept: Buffer | undefined;
  let full: number | undefined;
  vi.spyOn(realCalls, "open").mockImplementation((path, flags) => {
    const file = open(path, flags);
    if (kept && path.includes(".last.safetensors.")) full = file;
    return file;
  });
  vi.spyOn(realCalls, "write").mockImplementation((file, data, offset, length) => {
    if (file !== full) return write(file, data, offset, length);
    // Only the last bytes that fit, so that the file is partly written.
    write(file, data, offset, Math.min(length, 100));
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  });
  const failing = trainHere({
    ...short,
    folder: run,
    resume: false,
    listeners: [{ epochEnd: () => void (kept ??= readFileSync(checkpoint)) }],
  });
  await expect(failing).rejects.toThrow(
    `${checkpoint} was not written: the disk is full; free some space. What was there before is untouched`,
  );
  vi.restoreAllMocks();
  expect(readFileSync(checkpoint).equals(kept as Buffer)).toBe(true);
  expect(readCheckpoint(checkpoint).progress).toMatchObject({ phase: 0, epoch: 1 });
  expect(readdirSync(dirname(checkpoint))).toEqual([basename(checkpoint)]);

  expect(await trainHere({ ...short, folder: run, resume: true })).toBe("finished");
  const [ended, undisturbed] = [checkpoint, runPaths(whole).checkpoint].map(readCheckpoint);
  expect(fingerprints(ended?.tensors)).toEqual(fingerprints(undisturbed?.tensors));
  const losses = [ended, undisturbed].map((run) =>
    run?.progress.history.map((epoch) => epoch.validationLoss),
  );
  expect(losses[0]).toHaveLength(2);
  expect(losses[0]).toEqual(losses[1]);
  expect(readFileSync(best).equals(readFileSync(runPaths(whole).best))).toBe(true);
});

test.skipIf(process.platform !== "linux")(
  "no image on disk stays open, however a training ends",
  async () => {
    const spilled = (): number =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).includes("pixels-");
        } catch {
          return false;
        }
      }).length;
    const run = join(folder, "spilled");
    let during = 0;
    const onStart = (): void => void (during = spilled());
    await trainUntil("phaseStart", { folder: run, resume: false, memoryBudget: 1, onStart });
    expect(during).toBeGreaterThan(0);
    expect(spilled()).toBe(0);
    const other = { ...dataset, fingerprint: "1" };
    await expect(
      trainUntil("phaseStart", { folder: run, resume: true, memoryBudget: 1, dataset: other }),
    ).rejects.toThrow("other data");
    expect(spilled()).toBe(0);
  },
);
