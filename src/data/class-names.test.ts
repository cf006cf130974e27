/** Class names as people write them are matched by word, resolved by renames, and refused if unclear. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { onCommandLine } from "../cli/invocation.ts";
import { withNaming } from "../cli/options.ts";
import { audit } from "../jobs/audit.ts";
import { openDataset, openKnownDataset, withClasses } from "../jobs/data.ts";
import { evaluate } from "../jobs/evaluate.ts";
import { inspect } from "../jobs/inspect.ts";
import { soften } from "../jobs/soften.ts";
import { split } from "../jobs/split.ts";
import { train } from "../jobs/train.ts";
import { spelledAs } from "../util/spelling.ts";
import { type ClassOptions, type Renames, UnclearNames } from "./class-names.ts";
import { hasFingerprint } from "./former.ts";
import { readName } from "./names.ts";
import { readDataset } from "./read.node.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vultus-names-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function folders(...names: readonly string[]): void {
  for (const name of names) {
    const file = join(dir, name, "1.jpg");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "");
  }
}

async function unclear(options: ClassOptions = {}): Promise<UnclearNames> {
  const error: unknown = await readDataset([dir], options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnclearNames);
  return error as UnclearNames;
}

test.each([
  ["Surprised!", "surprise"],
  ["Happy Faces", "happy"],
  ["sad :(", "sad"],
  ["03_HAPPY-images", "happy"],
  ["HappyFaces", "happy"],
  ["Angry people (2019)", "angry"],
])("%s means %s", (name, emotion) => {
  expect(readName(name)).toMatchObject({ emotions: [emotion], isClear: true });
});

test.each(["happy", "happy_images", "Happy Pictures", "happy-photos", "HappyPortraits", "happy face crops"])(
  "%s distinguishes nothing but happy",
  (name) => {
    expect(readName(name).rest).toBe("");
  },
);

test.each([
  ["happy_or_sad", ["happy", "sad"]],
  ["Happily Surprised", ["happy", "surprise"]],
  ["not happy", ["happy"]],
  ["non-happy", ["happy"]],
  ["unhappy", ["happy"]],
  ["happy vs rest", ["happy"]],
  ["isn't sad", ["sad"]],
])("%s is unclear", (name, emotions) => {
  expect(readName(name)).toMatchObject({ emotions, isClear: false });
});

test.each(["happyfaces", "fearsome", "contemptible", "gender", "1", ":("])(
  "%s is a name like any other",
  (name) => {
    expect(readName(name).emotions).toEqual([]);
  },
);

describe("a name of no emotion among emotions", () => {
  test("is confirmed, left out or chosen, and never silently a class", async () => {
    folders("happy", "sad", "surprise", "old");
    const error = await unclear();
    expect(error.names).toEqual([{ name: "old", candidates: [] }]);
    expect(error.message).toBe(
      `${dir}: the class of "old" is not clear. To keep it as a separate class: \`rename: {"old":"old"}\`. ` +
        'To leave out its images: `notAClass: ["old"]`',
    );
    const classes = async (options: ClassOptions) => (await readDataset([dir], options)).classes;
    expect(await classes({ rename: { old: "old" } })).toEqual(["happy", "old", "sad", "surprise"]);
    expect(await classes({ remembered: { rename: { old: "old" } } })).toHaveLength(4);
    expect(await classes({ notAClass: ["old"] })).toEqual(["happy", "sad", "surprise"]);
    expect(await classes({ classes: ["happy", "old"] })).toEqual(["happy", "old"]);
  });

  test("stands beside an unclear one, each with its ways out", async () => {
    folders("happy", "sad", "surprise", "old", "angry_or_sad");
    expect((await unclear()).message).toContain('To leave out old: `notAClass: ["old"]`');
  });

  test("is also confirmed among as many others if its name means nothing", async () => {
    folders("happy", "sad", "wink", "yawn", "Unsorted images", "NaN", "misc_other");
    const { names } = await unclear();
    expect(names.map(({ name }) => name).toSorted()).toEqual(["NaN", "Unsorted images", "misc_other"]);
  });

  test("is a name like any other if few names are emotions", async () => {
    folders("happy", "wink", "yawn");
    expect((await readDataset([dir])).classes).toEqual(["happy", "wink", "yawn"]);
  });
});

describe("folders", () => {
  test("are matched by word, which a note reports, with ids as the folders are called", async () => {
    folders("Surprised!", "Happy Faces", "sad :(", "Pain");
    const { classes, samples, notes } = await readDataset([dir], { rename: { Pain: "Pain" } });
    expect(classes).toEqual(["Pain", "happy", "sad", "surprise"]);
    expect(samples.map(({ id, label }) => [id, classes[label]])).toEqual([
      ["Happy Faces/1.jpg", "happy"],
      ["Pain/1.jpg", "Pain"],
      ["Surprised!/1.jpg", "surprise"],
      ["sad :(/1.jpg", "sad"],
    ]);
    expect(notes).toEqual([
      '"Happy Faces" read as "happy"',
      '"sad :(" read as "sad"',
      '"Surprised!" read as "surprise"',
    ]);
  });

  test("of several splits, one level down, if no name is exact", async () => {
    folders("set/Happy Faces/inner", "set/Sad Faces/inner");
    expect((await readDataset([dir])).classes).toEqual(["happy", "sad"]);
    rmSync(join(dir, "set"), { recursive: true });
    folders("train/Happy Faces", "train/Sad Faces", "val/happy!", "val/sad");
    const { classes, samples } = await readDataset([dir]);
    expect(classes).toEqual(["happy", "sad"]);
    expect(samples.map(({ split }) => split)).toEqual(["train", "train", "validation", "validation"]);
  });

  test("whose names are unclear are refused, all at once, with the flags that settle them", async () => {
    folders("happy", "sad", "happy_or_sad", "not happy");
    const { message, names } = await unclear();
    expect(names).toEqual([
      { name: "happy_or_sad", candidates: ["happy", "sad"] },
      { name: "not happy", candidates: ["happy"] },
    ]);
    expect(message).toBe(
      `${dir}: the class of "happy_or_sad" (happy or sad?), "not happy" (happy?) is not clear. ` +
        'To keep them as separate classes: `rename: {"happy_or_sad":"happy_or_sad","not happy":"not happy"}`. ' +
        'To choose it: `rename: {"happy_or_sad":"happy","not happy":"not happy"}`',
    );
    const rename = { happy_or_sad: "sad", "Not Happy": "not happy" };
    const { classes, samples, ...dataset } = await readDataset([dir], { rename });
    expect(classes).toEqual(["happy", "not happy", "sad"]);
    expect(samples.map(({ label }) => classes[label])).toEqual(["happy", "sad", "not happy", "sad"]);
    expect(dataset.rename).toEqual({ happy_or_sad: "sad", "not happy": "not happy" });
  });

  test("that deny an emotion are never suggested as that emotion", async () => {
    folders("happy", "sad", "not happy", "unafraid");
    const { message } = await unclear();
    expect(message).toMatch(
      /is not clear\. To keep them as separate classes: `rename: {"not happy":"not happy","unafraid":"unafraid"}`$/,
    );
  });

  test.each(["flat", "set/inner"])("with = in their names: every suggestion works, as %s", async (below) => {
    const from = below === "flat" ? "" : "set/";
    folders(`${from}happy=sad/inner`, `${from}neutral/inner`, `${from}happy or sad=?/inner`);
    const message = await spelledAs(onCommandLine, async () => (await unclear()).message);
    const suggestions = [...message.matchAll(/((?:--rename (?:'[^']*'|[^ '.]+) ?)+)/g)].map(([text]) => text);
    expect(suggestions).toHaveLength(2);
    for (const flags of suggestions) {
      const args = [...flags.matchAll(/--rename (?:'([^']*)'|([^ ']+))/g)].map(([, a, b]) => a ?? b ?? "");
      expect(args).toHaveLength(2);
      const command = withNaming(new Command()).parse(
        args.flatMap((arg) => ["--rename", arg]),
        { from: "user" },
      );
      const { rename } = command.opts<{ rename: Renames }>();
      const { classes, rename: settled } = await readDataset([dir], { rename });
      expect(Object.keys(settled ?? {}).sort()).toEqual(["happy or sad=?", "happy=sad"]);
      expect(classes).toEqual(
        args.some((arg) => arg === "happy=sad=happy=sad")
          ? ["happy or sad=?", "happy=sad", "neutral"]
          : ["happy", "neutral"],
      );
    }
  });

  test("that stand side by side are not joined by a word, unless signs and 'faces' are all that they differ in", async () => {
    folders("happy_low", "happy_high", "sad");
    expect((await unclear()).names).toEqual([
      { name: "happy_high", candidates: ["happy"] },
      { name: "happy_low", candidates: ["happy"] },
    ]);
    const rename = { happy_low: "happy", happy_high: "happy_high" };
    expect((await readDataset([dir], { rename })).classes).toEqual(["happy", "happy_high", "sad"]);
    rmSync(join(dir, "happy_low"), { recursive: true });
    rmSync(join(dir, "happy_high"), { recursive: true });
    folders("Happy Faces!", "joy");
    expect((await readDataset([dir])).classes).toEqual(["happy", "sad"]);
  });

  test("a rename of what is not there is refused, with the nearest name", async () => {
    folders("Happy Faces", "sad");
    await expect(readDataset([dir], { rename: { "Hapy Faces": "happy" } })).rejects.toThrow(
      /"Hapy Faces":"happy".*: there is no class "Hapy Faces" in .* Did you mean "happy faces"\?/,
    );
    await expect(readDataset([dir], { rename: { sad: " " } })).rejects.toThrow(/the class of "sad" is empty/);
    // What a run remembers applies only to names that occur.
    const { rename } = await readDataset([dir], { remembered: { rename: { gone: "happy", sad: "blue" } } });
    expect(rename).toEqual({ sad: "blue" });
  });

  test("a rename in words of another language makes folders classes", async () => {
    folders("set/fröhlich/x", "set/traurig/x", "other/notes");
    const rename = { fröhlich: "happy", traurig: "sad" };
    expect((await readDataset([dir], { rename })).classes).toEqual(["happy", "sad"]);
  });
});

test.each([{ a: 3 }, null, "a=b", ["a"]])(
  "a rename that is none, %j, is refused by every job",
  async (value) => {
    folders("happy", "sad");
    const rename = value as unknown as Renames;
    const message = /^rename is .*; it must be an object that maps names to names/;
    const data = dir;
    await expect(readDataset([dir], { rename })).rejects.toThrow(message);
    await expect(inspect({ data, rename })).rejects.toThrow(message);
    await expect(audit({ data, rename })).rejects.toThrow(message);
    await expect(split({ data, out: join(dir, "cut.csv"), rename })).rejects.toThrow(message);
    await expect(train({ data, rename })).rejects.toThrow(message);
    await expect(evaluate("vultus_s", data, { rename })).rejects.toThrow(message);
    await expect(soften({ data, out: join(dir, "soft.csv"), by: ["vultus_s"], rename })).rejects.toThrow(
      message,
    );
  },
);

test("classes that are asked for as the data spells them are those", async () => {
  folders("Happy Faces", "not happy", "Happy or sad");
  const classes = ["not happy", "Happy Faces"];
  const { message } = await unclear({ classes });
  expect(message).toContain('"Happy or sad" (Happy Faces?)');
  const rename = { "Happy or sad": "other" };
  const dataset = await readDataset([dir], { classes, rename });
  expect(dataset.classes).toEqual(classes);
  expect(dataset.leftOut).toEqual([{ className: "other", count: 1 }]);
});

test("votes and labels of lists are matched alike", async () => {
  const votes = join(dir, "votes.csv");
  writeFileSync(votes, "path,very happy,quite happy,sad :(\na.jpg,1,2,2\nb.jpg,0,0,1\n");
  await expect(readDataset([votes])).rejects.toThrow(/"quite happy" \(happy\?\), "very happy" \(happy\?\)/);
  writeFileSync(votes, "path,Happy Faces,joy,sad :(\na.jpg,1,2,2\nb.jpg,0,0,1\n");
  const { classes, samples } = await readDataset([votes]);
  expect(classes).toEqual(["happy", "sad"]);
  expect(samples.map(({ votes, voteCount }) => [votes, voteCount])).toEqual([
    [[0.6, 0.4], 5],
    [[0, 1], 1],
  ]);
  const labels = join(dir, "labels.csv");
  writeFileSync(labels, "path,label\na.jpg,Happy!\nb.jpg,sad :(\nc.jpg,HAPPY\n");
  expect((await readDataset([labels])).classes).toEqual(["happy", "sad"]);
});

describe("data sets that are known", () => {
  test("by a fingerprint of an earlier version keep their names, ids and fingerprint", async () => {
    folders("Happy Faces", "Sad Faces");
    const former = await readDataset([dir], { byWord: false });
    expect(former.classes).toEqual(["Happy Faces", "Sad Faces"]);
    const isKnown = (dataset: typeof former): boolean => hasFingerprint(dataset, former.fingerprint);
    expect(await openKnownDataset(dir, {}, isKnown)).toEqual(former);
    expect((await openKnownDataset(dir, {}, () => false)).classes).toEqual(["happy", "sad"]);
    // A model from that version names its classes, which are matched exactly.
    const scored = await readDataset([dir], { classes: former.classes, allowMissing: true });
    expect(scored.fingerprint).toBe(former.fingerprint);

    folders("happy_or_sad");
    const three = await readDataset([dir], { byWord: false });
    const known = await openKnownDataset(dir, {}, (dataset) => hasFingerprint(dataset, three.fingerprint));
    expect(known.classes).toEqual(["Happy Faces", "Sad Faces", "happy_or_sad"]);
    await expect(openKnownDataset(dir, {}, () => false)).rejects.toThrow(UnclearNames);
  });

  test("once read, they are not judged again", async () => {
    folders("happy", "sad", "unhappy");
    const dataset = await readDataset([dir], { rename: { unhappy: "unhappy" } });
    const two = withClasses(dataset, { classes: ["sad", "happy"] });
    expect(two.leftOut).toEqual([{ className: "unhappy", count: 1 }]);
    expect(two.rename).toEqual({ unhappy: "unhappy" });
    const merged = await openDataset(dataset, { rename: { sad: "unhappy" } });
    expect(merged.classes).toEqual(["happy", "unhappy"]);
    expect(merged.rename).toEqual({ unhappy: "unhappy", sad: "unhappy" });
  });
});
