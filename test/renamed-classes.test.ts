/** Folders with class names as people write them, from inspection to a resumed run. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { evaluate } from "../src/jobs/evaluate.ts";
import { exportModel } from "../src/jobs/export.ts";
import { train } from "../src/jobs/train.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-renamed-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const ours = { device: "cpu", threads: 1 } as const;
const recipe = {
  ...{ extends: "finetune", phases: { all: { epochs: 1 } } },
} as const;
const options = {
  model: "vultus_s",
  weights: "random-frozen",
  recipe,
  inputSize: 32,
  batchSize: 8,
  ...ours,
} as const;

async function faces(set: string, name: string, label: "happy" | "sad" | "surprise"): Promise<void> {
  mkdirSync(at(set, name), { recursive: true });
  for (let i = 0; i < 15; i++) {
    const { pixels, width, height, channels } = drawFace(label, set, name, i);
    await sharp(pixels, { raw: { width, height, channels } })
      .png()
      .toFile(at(set, name, `${i}.png`));
  }
}

beforeAll(async () => {
  await faces("odd", "Happy Faces", "happy");
  await faces("odd", "sad :(", "sad");
  await faces("odd", "Surprised!", "surprise");
  await faces("unclear", "happy", "happy");
  await faces("unclear", "sad", "sad");
  await faces("unclear", "not happy", "sad");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const notesOf = async (model: string, data: string): Promise<string[]> => {
  const notes: string[] = [];
  await evaluate(model, data, {
    ...ours,
    onEvent: (event) => void (event.type === "note" && notes.push(event.text)),
  });
  return notes;
};
const environment = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(at(name, "environment.json"), "utf8")) as Record<string, unknown>;

test("inspect shows which class each name means", async () => {
  expect(await run(["data", "inspect", at("odd"), "--no-sheet"])).toBe(0);
  expect(printed.out).toMatch(/^happy +15\nsad +15\nsurprise +15$/m);
  expect(printed.out).toContain(
    '"Happy Faces" read as "happy"\n"sad :(" read as "sad"\n"Surprised!" read as "surprise"',
  );
});

describe.each([
  ["data", "inspect"],
  ["data", "audit"],
  ["data", "split", "--out", "nowhere.csv"],
  ["train", "--out", "nowhere"],
  ["evaluate", "vultus_s"],
  ["compare", "vultus_s", "vultus_m"],
  ["explain", "--model", "vultus_s", "--out", at("maps"), "--data"],
])("an unclear name: %s %s", (...command) => {
  test("is refused with the flags that settle it", async () => {
    expect(await run([...command, at("unclear")])).toBe(2);
    expect(printed.err).toContain('the class of "not happy" (happy?) is not clear');
    expect(printed.err).not.toContain("--rename 'not happy=happy'");
    expect(printed.err).toContain("--rename 'not happy=not happy'");
    expect(printed.out).toBe("");
    expect(existsSync(at("maps"))).toBe(false);
  });
});

test("the flag settles it, may be repeated, and is checked", async () => {
  const inspect = ["data", "inspect", at("unclear"), "--no-sheet"];
  const { classes } = await printedJson<{ classes: string[] }>(
    ...[...inspect, "--rename", "not happy=sad", "--rename", "sad=Sad or so"],
  );
  expect(classes).toEqual(["Sad or so", "happy", "sad"]);
  expect(await run([...inspect, "--rename", "not hapy=sad"])).toBe(2);
  expect(printed.err).toContain('there is no class "not hapy"');
  for (const wrong of ["happy", "=happy", "happy="])
    expect(await run([...inspect, "--rename", wrong])).toBe(2);
  expect(printed.err).toContain('such as "Happy Faces=happy"');
});

test("a run remembers its renames: its model, and going on with it, need none", async () => {
  const rename = { "not happy": "sad" };
  await train({ ...options, data: at("unclear"), rename, out: at("run") });
  expect(environment("run").rename).toEqual(rename);
  // The run's own splits are found, so none of its training images are scored.
  expect((await notesOf(at("run"), at("unclear"))).join()).not.toMatch(/too high|left out/);
  const { files } = await exportModel({ model: at("run"), to: "bundle", out: at("exported"), ...ours });
  expect((await notesOf(files[0]?.path as string, at("unclear"))).join()).not.toMatch(/too high|left out/);
  expect(await run(["report", at("run"), "--device", "cpu"])).toBe(0);
  expect(printed.err).not.toMatch(/without images/i);
  // The run is finished: the only visible hint is that it can be extended.
  await expect(train({ ...options, data: at("unclear"), resume: at("run") })).resolves.toMatchObject({
    classes: ["happy", "sad"],
  });
  // With other names, it is different data.
  await expect(
    train({ ...options, data: at("unclear"), rename: { "not happy": "not happy" }, resume: at("run") }),
  ).rejects.toThrow();
});

test("a run of a version that matched whole names goes on and is scored as it was", async () => {
  const before = await readDataset([at("odd")], { byWord: false });
  expect(before.classes).toEqual(["Happy Faces", "Surprised!", "sad :("]);
  await train({ ...options, data: before, out: at("before") });
  expect((await notesOf(at("before"), at("odd"))).join()).not.toMatch(/too high|left out|read as/);
  const resumed = await train({ ...options, data: at("odd"), resume: at("before") });
  expect(resumed.classes).toEqual(before.classes);
  expect(await run(["report", at("before"), "--device", "cpu"])).toBe(0);
  expect(printed.err).not.toMatch(/without images/i);
});

test("without a flag the odd names train, and the usual model is scored on them", async () => {
  const { classes } = await train({ ...options, data: at("odd"), out: at("trained") });
  expect(classes).toEqual(["happy", "sad", "surprise"]);
  expect(environment("trained")).not.toHaveProperty("rename");
  const notes = (await notesOf("vultus_s", at("odd"))).join();
  expect(notes).toContain('"Happy Faces" read as "happy"');
  expect(notes).not.toContain("left out");
});
