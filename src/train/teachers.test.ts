/** A training with a teacher: the run keeps a copy, resumes bit for bit without the original, and accepts no other teacher. */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { memberOf, writeEnsembleFile } from "../../test/support/ensemble.ts";
import type { Dataset, Sample } from "../data/dataset.ts";
import { writeSafetensors } from "../formats/safetensors.node.ts";
import { describe, withNewWeights } from "../models/classifier.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { classifierMetadata } from "../weights/classifier-file.ts";
import type { Listener } from "./events.ts";
import { recipeArchitecture } from "./forecast.ts";
import { resolveRecipe } from "./override.ts";
import { readEnvironment, runPaths } from "./run-folder.node.ts";
import type { TrainSettings } from "./settings.ts";
import { keptTeachers, loadTeachers } from "./teachers.node.ts";
import { trainInto } from "./train.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-teachers-"));
afterAll(() => rmSync(folder, { recursive: true }));

const samples = Array.from({ length: 24 }, (_, i): Sample => {
  const pixels = Uint8Array.from({ length: 20 * 20 }, (_, p) => (i % 2 ? 7 * p : 3 * p + 11 * i) % 256);
  const picture = { width: 20, height: 20, channels: 1 as const, pixels };
  return {
    id: String(i),
    source: { kind: "pixels", picture },
    label: i % 2,
    split: i < 16 ? "train" : "validation",
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
const phases = [
  { name: "head", train: "head", epochs: 1, optimizer: { type: "adamw", learningRate: 1e-3 } },
  { name: "all", train: "all", epochs: 2, optimizer: { type: "adamw", learningRate: 1e-3 } },
];
const recipe = resolveRecipe("faces", [
  "model=vultus_s",
  "inputSize=20",
  "batchSize=4",
  "augmentation.cutmix=1",
  "distillation.temperature=2",
  `phases=${JSON.stringify(phases)}`,
]);
const architecture = recipeArchitecture(recipe, dataset.classes);

/** Writes a teacher of another size, with one additional class. */
function writeTeacher(name: string, classes: readonly string[]): string {
  const teacher = { ...architecture, classes, inputSize: 32 };
  const path = join(folder, name);
  const weights = withNewWeights(describe(teacher).specs, new Map(), 9);
  writeSafetensors(path, weights, classifierMetadata(teacher));
  return path;
}

async function run(name: string, options: Partial<TrainSettings>, stopAfter?: number) {
  const stop = new AbortController();
  const notes: string[] = [];
  let steps = 0;
  const listener: Listener = {
    note: ({ text }) => void notes.push(text),
    step() {
      if (++steps === stopAfter) stop.abort();
    },
  };
  const trained = await trainInto({
    dataset,
    architecture,
    recipe,
    weights: new Map(),
    folder: join(folder, name),
    resume: false,
    version: "test",
    device: "cpu",
    threads: 1,
    precision: "fp32",
    cacheFeatures: true,
    memoryBudget: 1e8,
    allowUnreadable: false,
    checkpointEvery: 1e6,
    listeners: [listener],
    signal: stop.signal,
    ...options,
  });
  trained.validation.close();
  await trained.engine.close();
  return { notes, weights: trained.weights };
}

test("a run with a teacher resumes bit for bit after the teacher's file is gone", async () => {
  const teacher = writeTeacher("teacher.safetensors", ["b", "a", "c"]);
  const teachers = [teacher];
  const whole = await run("whole", { teachers });
  expect(whole.notes.join("\n")).toContain("phase head computes the frozen backbone in each step");
  await run("stopped", { teachers }, 6);
  rmSync(teacher);
  const paths = runPaths(join(folder, "stopped"));
  expect(keptTeachers(paths.teachers)).toHaveLength(1);
  expect(readEnvironment(paths).teachers).toEqual([teacher]);
  const resumed = await run("stopped", { resume: true });
  for (const [name, { data }] of whole.weights)
    expect(
      Buffer.from(resumed.weights.get(name)?.data.buffer as ArrayBuffer).equals(Buffer.from(data.buffer)),
      name,
    ).toBe(true);
  const alone = await run("alone", {});
  const first = "stem.conv.weight";
  expect(alone.weights.get(first)?.data).not.toEqual(whole.weights.get(first)?.data);
});

test("a teacher may spell the classes in another way", () => {
  const path = writeTeacher("spelled.safetensors", ["Joy", "Blue eyes", "sadness"]);
  const [teacher] = loadTeachers([path], ["sad", "Happy", "blue Eyes"]);
  expect(teacher?.architecture.classes).toEqual(["Happy", "blue Eyes", "sad"]);
  expect(() => loadTeachers([path], ["sad", "angry"])).toThrow(
    /doesn't know angry, only Joy, Blue eyes, sadness/,
  );
});

test("a resumed run takes no other teacher", async () => {
  const teachers = [writeTeacher("other.safetensors", ["a", "b"])];
  await run("taught", { teachers }, 2);
  const more = { resume: true, teachers: [...teachers, writeTeacher("more.safetensors", ["a", "b"])] };
  await expect(run("taught", more)).rejects.toThrow(/was started with the teachers .*leave `teachers` out/);
});

test("a resumed run knows its own teacher: by another path, after it is gone, and not after it was trained again", async () => {
  const teacher = writeTeacher("own.safetensors", ["a", "b"]);
  await run("own", { teachers: [teacher] }, 2);
  const elsewhere = join(folder, "elsewhere.safetensors");
  copyFileSync(teacher, elsewhere);
  await run("own", { resume: true, teachers: [elsewhere] }, 1);
  await run("own", { resume: true, teachers: [relative(process.cwd(), teacher)] }, 1);
  copyFileSync(writeTeacher("again.safetensors", ["b", "a"]), teacher);
  await expect(run("own", { resume: true, teachers: [teacher] })).rejects.toThrow(/leave `teachers` out/);
  rmSync(teacher);
  await run("own", { resume: true, teachers: [teacher] });
});

test("a resumed run whose copies of teachers are gone or changed is refused", async () => {
  const teachers = [writeTeacher("copied.safetensors", ["a", "b"])];
  await run("copied", { teachers }, 2);
  const [copy = ""] = keptTeachers(runPaths(join(folder, "copied")).teachers);
  const other = writeTeacher("swapped.safetensors", ["b", "a"]);
  copyFileSync(other, copy);
  await expect(run("copied", { resume: true })).rejects.toThrow(/1\.safetensors has changed since the run/);
  rmSync(copy);
  await expect(run("copied", { resume: true })).rejects.toThrow(/has no copy of its teacher .*copied\.safe/);
  writeFileSync(join(folder, "copied", "teachers", "note.txt"), "");
  await expect(run("copied", { resume: true })).rejects.toThrow(FormatError);
});

test("a teacher that lacks a class is refused before anything is written", async () => {
  const teachers = [writeTeacher("lacking.safetensors", ["a", "c"])];
  const refused = run("refused", { teachers });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(/lacking\.safetensors doesn't know b, only a, c/);
  expect(keptTeachers(runPaths(join(folder, "refused")).teachers)).toEqual([]);
});

test("an ensemble teaches as its members, which share its say", async () => {
  const path = join(folder, "ensemble.onnx");
  const of = [
    memberOf("first", { classes: ["c", "b", "a"] }, { weight: 0.25, temperature: 2 }),
    memberOf("second", { model: "squeezenet1_1", classes: ["a", "b", "c"], inputSize: 40 }, { weight: 0.75 }),
  ];
  await writeEnsembleFile(path, of);
  const other = writeTeacher("beside.safetensors", ["a", "b"]);
  const [first, second, third] = loadTeachers([path, other], ["a", "b"]);
  expect([first?.weight, second?.weight, third?.weight]).toEqual([0.25, 0.75, 1]);
  expect([first?.temperature, second?.architecture.inputSize]).toEqual([2, 40]);
  expect(() => loadTeachers([path], ["a", "calm"])).toThrow(/ensemble\.onnx doesn't know calm, only c, b, a/);
  const { weights } = await run("by-an-ensemble", { teachers: [path] });
  const alone = await run("by-none", {});
  const isSame = [...weights].every(([name, { data }]) =>
    Buffer.from(data.buffer as ArrayBuffer).equals(
      Buffer.from(alone.weights.get(name)?.data.buffer as ArrayBuffer),
    ),
  );
  expect(isSame).toBe(false);
});
