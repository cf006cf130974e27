/** Photos that are not face crops are noticed before training, and the suggested command works. */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { type CropOptions, crop } from "../src/jobs/crop.ts";
import { checkFaces, croppingAdvice } from "../src/jobs/crop-check.ts";
import { inspect } from "../src/jobs/inspect.ts";
import { train } from "../src/jobs/train.ts";
import type { TrainEvent } from "../src/jobs/train-events.ts";
import { clearFace, composite } from "./support/composites.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-noticed-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const face = clearFace;
const before = process.cwd();

/** An image of `extent` pixels with a face of `side` pixels at its centre. */
async function picture(path: string, extent: number, side: number, seed: number): Promise<void> {
  const placed = { face, x: extent / 2, y: extent / 2, side, whole: side > extent / 2 };
  const { pixels, width, height, channels } = composite(extent, extent, side > 0 ? [placed] : [], seed);
  mkdirSync(dirname(at(path)), { recursive: true });
  await sharp(pixels, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .jpeg({ quality: 95 })
    .toFile(at(path));
}

beforeAll(async () => {
  for (const [label, name] of ["happy", "sad"].entries())
    for (let i = 0; i < 12; i++) {
      const seed = 100 * label + i;
      await picture(`my photos/${name}/${i}.jpg`, 300, 90 + i, seed);
      await picture(`crops/${name}/${i}.jpg`, 160 + i, 175, seed);
      await picture(`small/${name}/${i}.jpg`, 64, 20, seed);
      await picture(`faceless/${name}/${i}.jpg`, 300, 0, seed);
    }
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(capture);

const checked = async (name: string) => checkFaces((await readDataset([at(name)])).samples, { threads: 2 });

test("by how much of an image the face takes; what is small, or shows no face, decides nothing", async () => {
  const photos = await checked("my photos");
  expect(photos).toMatchObject({ arePhotos: true });
  expect(photos?.faceShare).toBeGreaterThan(0.2);
  expect(photos?.faceShare).toBeLessThan(0.5);
  expect(photos?.images).toBeLessThanOrEqual(24);
  expect(await checked("crops")).toMatchObject({ arePhotos: false });
  expect(await checked("small")).toBeUndefined();
  expect(await checked("faceless")).toBeUndefined();
});

test("inspect reports it with a command that makes crops of them, about which it is then silent", async () => {
  expect(await run(["data", "inspect", "my photos", "--no-sheet"])).toBe(0);
  const [, command] = /these are photos, not face crops: .* (data crop .*)$/m.exec(printed.out) ?? [];
  expect(command).toBe("data crop 'my photos' --out faces");
  expect(await run(["data", "crop", "my photos", "--out", "faces", "--device", "cpu"])).toBe(0);
  printed.out = "";
  expect(await run(["data", "inspect", "faces", "--no-sheet"])).toBe(0);
  expect(printed.out).not.toContain("photos and not");
  // The name is taken now.
  const { notes, faces } = await inspect({ data: "my photos" });
  expect(faces).toMatchObject({ arePhotos: true });
  expect(notes.join()).toMatch(/crop\({ data: \["my photos"\], out: "my photos-faces" }\)$/);
});

test.each([
  [".", "../my photos-faces"],
  ["../my photos", "../my photos-faces-2"],
])("in the folder of photos, the crops of %s are put beside it", async (data, out) => {
  process.chdir(at("my photos"));
  try {
    const { notes } = await inspect({ data });
    const [, options = "{}"] = /crop\(({ data: .* })\)$/m.exec(notes.join("\n")) ?? [];
    const call = JSON.parse(options.replace(/(\w+): /g, '"$1": ')) as CropOptions;
    expect(call).toEqual({ data: [data], out });
    expect((await crop({ ...call, device: "cpu" })).crops).toBe(24);
  } finally {
    process.chdir(folder);
  }
});

test("train reports it before it begins, but not for crops or a resumed run", async () => {
  const notesOf = async (data: string, more: object): Promise<string[]> => {
    const notes: string[] = [];
    const onEvent = (event: TrainEvent): void => {
      if (event.type === "note") notes.push(event.text);
      if (event.type === "epochEnd" || event.type === "step") notes.push(event.type);
    };
    const recipe = { extends: "scratch", phases: { all: { epochs: 1 } } } as const;
    const sizes = { model: "vultus_s", inputSize: 32, batchSize: 8, device: "cpu", threads: 2 } as const;
    await train({ data, recipe, ...sizes, ...more, onEvent });
    return notes;
  };
  const isAdvice = (note: string): boolean => note.startsWith("these are photos");
  const notes = await notesOf("my photos", { out: at("run") });
  expect(notes.findIndex(isAdvice)).toBeGreaterThanOrEqual(0);
  expect(notes.findIndex(isAdvice)).toBeLessThan(notes.indexOf("step"));
  expect((await notesOf("my photos", { resume: at("run") })).filter(isAdvice)).toEqual([]);
  expect((await notesOf("crops", { out: at("other") })).filter(isAdvice)).toEqual([]);
});

test("several sources are all in the command", () => {
  const check = { images: 9, withFace: 8, faceShare: 0.3, arePhotos: true };
  expect(croppingAdvice(check, { sources: ["a", "it's"] })).toMatch(
    /crop\({ data: \["a","it's"\], out: "[^"]+" }\)$/,
  );
  expect(croppingAdvice({ ...check, arePhotos: false }, { sources: ["a"] })).toBeUndefined();
});
