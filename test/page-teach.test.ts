/** What the page's view Teach computes: the honest split, its warnings, its scores, and the archive of the examples. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import { imageKey } from "../src/data/image-keys.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { expressions } from "../src/data/synthetic-expression.ts";
import { greyOf, thumbnail } from "../src/data/thumbnail.ts";
import { readStoredZip } from "../src/formats/zip.ts";
import { type Random, random } from "../src/util/random.ts";
import { noImages, recordOf } from "../src/weights/training-images.ts";
import { filesChosen, filesOf } from "../web/src/teach/drop.ts";
import { examplesZip } from "../web/src/teach/examples-zip.ts";
import { knownTo } from "../web/src/teach/known-examples.ts";
import { alikeAmong, lookAlike } from "../web/src/teach/looks.ts";
import { comparisonOf, measureOf } from "../web/src/teach/measure.ts";
import {
  type Example,
  freeName,
  imbalanceOf,
  missingForTraining,
  refusalOfName,
} from "../web/src/teach/project.ts";
import { type HonestSplit, type SplitExample, splitHonestly } from "../web/src/teach/split.ts";
import { enlargement, headKept } from "../web/src/teach/starts.ts";
import { emptyCurve, upTo, withEpoch, withStep } from "../web/src/teach/trainings.ts";
import { smallArchitecture, writeSmallBundle } from "./support/small-classifier.ts";

function face(i: number): Uint8Array {
  return thumbnail(
    greyOf(drawFace(expressions[i % expressions.length] as (typeof expressions)[number], "teach", i)),
  );
}

/** The same image as in another frame: with noise, and slightly brighter. */
function frameOf(small: Uint8Array, number: number): Uint8Array {
  const rng = random("frame", number);
  return small.map((value) => Math.min(255, Math.max(0, Math.round(value + number + 3 * rng.normal()))));
}

/** A recording with a frame every `step` milliseconds. */
function recorded(label: string, recording: string, count: number, start = 0, step = 100): SplitExample[] {
  return Array.from({ length: count }, (_, i) => ({ label, recording, time: start + step * i }));
}

const files = (label: string, count: number): SplitExample[] =>
  Array.from({ length: count }, (_, i) => ({ label, time: i }));

/** Several recordings, long and short, and files, some of which a model has learned from. */
function anyExamples(rng: Random): SplitExample[] {
  let time = 0;
  const learns = rng.chance(0.5);
  return Array.from({ length: 1 + rng.integer(12) }, (_, i) => {
    time += rng.integer(2000);
    const label = rng.chance(0.5) ? "a" : "b";
    const isRecording = rng.chance(0.5);
    return Array.from({ length: 1 + rng.integer(isRecording ? 14 : 4) }, () => {
      time += isRecording ? 125 : 1;
      const learned = learns && rng.chance(0.2);
      return { label, time, learned, ...(isRecording ? { recording: `r${i}` } : {}) };
    });
  }).flat();
}

/** Two groups of examples that look alike, some of them files. */
function anyGroups(all: readonly SplitExample[], rng: Random): number[][] {
  const place = all.map(() => rng.integer(10));
  return [0, 1]
    .map((group) => [...all.keys()].filter((i) => place[i] === group))
    .filter((group) => group.length > 1 && group.some((i) => all[i]?.recording === undefined));
}

function sides({ training, measured, leftOut }: HonestSplit, count: number): string[] {
  const all = [...training, ...measured, ...leftOut];
  expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
  return Array.from({ length: count }, (_, i) =>
    training.includes(i) ? "t" : measured.includes(i) ? "m" : "-",
  );
}

test("names of one class, as a training takes them, are the same, and a name that is taken gets a number", () => {
  expect(refusalOfName("cafe\u0301", ["caf\u00e9"])).toContain("There is a class “caf\u00e9” already.");
  expect(refusalOfName("Joy", ["happy"])).toBe(
    "There is a class “happy” already, and “Joy” is another name of it.",
  );
  for (const name of ["__proto__", "constructor", "😀", "שלום"])
    expect(refusalOfName(name, ["wink"])).toBeUndefined();
  expect(freeName("wink", ["yawn"])).toBe("wink");
  expect(freeName("wink", ["Wink", "wink 2"])).toBe("wink 3");
});

test("files of a chosen folder leave out what systems put there", () => {
  const chosen = (path: string): File =>
    Object.defineProperty(new File([], path.split("/").at(-1) as string), "webkitRelativePath", {
      value: path,
    });
  const given = filesChosen(["faces/wink/1.png", "faces/wink/.DS_Store", "faces/.cache/2.png"].map(chosen));
  expect(given.map(({ file, folder }) => [folder, file.name])).toEqual([["wink", "1.png"]]);
});

test("what cannot be read of a dropped folder is named, and the rest is there", async () => {
  const fileEntry = (
    name: string,
    read: (give: (file: File) => void, fail: (why: Error) => void) => void,
  ) => ({
    ...{ name, isFile: true, file: read },
  });
  const some = [
    fileEntry("good.png", (give) => give(new File(["x"], "good.png"))),
    fileEntry("locked.png", (_, fail) => fail(new Error("NotReadable"))),
    {
      name: "locked",
      isFile: false,
      createReader: () => ({ readEntries: (_: unknown, fail: () => void) => fail() }),
    },
  ];
  const readEntries = (give: (entries: unknown[]) => void): void => give(some.splice(0));
  const folder = { name: "wink", isFile: false, createReader: () => ({ readEntries }) };
  const items = [{ webkitGetAsEntry: () => folder }];
  const given = await filesOf({ items, files: [] } as unknown as DataTransfer);
  expect(given.map(({ file, folder: of }) => [of, file.name, file.size])).toEqual([
    ["wink", "good.png", 1],
    ["wink", "locked.png", 0],
    ["wink", "locked", 0],
  ]);
});

describe("the honest split", () => {
  test("cuts a recording in time, with a gap before the part that is kept apart", () => {
    const frames = recorded("wink", "a", 40);
    expect(sides(splitHonestly(frames), 40).join("")).toBe(
      `${"t".repeat(26)}${"-".repeat(4)}${"m".repeat(10)}`,
    );
    // The order of the list does not matter.
    const reversed = splitHonestly([...frames].reverse());
    expect(reversed.measured).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });

  test("leaves a gap after it too, if another recording begins at once", () => {
    const frames = [...recorded("wink", "a", 20), ...recorded("wink", "b", 20, 2100)];
    const found = sides(splitHonestly(frames), 40).join("");
    expect(found.slice(0, 20)).toBe(`${"t".repeat(11)}----mmmmm`);
    expect(found.slice(20)).toBe(`---${"t".repeat(8)}----mmmmm`);
  });

  test("cuts no short recording: it is kept apart as a whole, or not at all", () => {
    const frames = Array.from({ length: 8 }, (_, i) => recorded("wink", `r${i}`, 4, 5000 * i)).flat();
    const found = sides(splitHonestly(frames), 32).join("");
    expect(found).toBe("ttttmmmmtttttttttttt".concat("mmmm", "tttttttt"));
  });

  test("keeps a quarter of the files of each class apart, and more files change nothing before them", () => {
    const some = [...files("a", 12), ...files("b", 3)];
    const before = splitHonestly(some);
    expect(before.measured).toEqual([1, 5, 9, 13]);
    const after = splitHonestly([...some, ...files("b", 5), ...files("a", 4)]);
    expect(after.measured).toEqual([1, 5, 9, 13, 17, 21]);
  });

  test("keeps what looks alike on one side", () => {
    const found = splitHonestly(files("a", 16), [
      [2, 3],
      [7, 9, 11],
    ]);
    const side = sides(found, 16);
    expect(side[2]).toBe(side[3]);
    expect(new Set([side[7], side[9], side[11]]).size).toBe(1);
    expect(found.measured.length).toBeGreaterThanOrEqual(2);
  });

  test("leaves a file out that looks like a frame to measure by", () => {
    const all = [...recorded("wink", "a", 40), ...files("wink", 4)];
    const side = sides(
      splitHonestly(all, [
        [38, 40],
        [3, 43],
      ]),
      44,
    );
    expect([side[40], side[41], side[42], side[43]]).toEqual(["-", "m", "t", "t"]);
  });

  test("never measures by what the model has learned from", () => {
    const all = files("a", 8).map((file, i) => ({ ...file, learned: i === 1 }));
    expect(splitHonestly(all).measured).toEqual([5]);
  });

  test("never measures by what is near to what the model has learned from, if what lay between was deleted", () => {
    // 26 of 40 frames were learned from, and the ten held-out ones were deleted.
    const frames = recorded("wink", "a", 30).map((frame, i) => ({ ...frame, learned: i < 26 }));
    expect(sides(splitHonestly(frames), 30).join("")).toBe(`${"t".repeat(26)}----`);
    const copies = files("a", 8).map((file, i) => ({ ...file, learned: i === 3 }));
    expect(sides(splitHonestly(copies, [[1, 3]]), 8)[1]).not.toBe("m");
  });

  test("holds whatever is recorded and added", () => {
    const rng = random("split", 0);
    const broken: string[] = [];
    for (let round = 0; round < 2000; round++) {
      const all = anyExamples(rng);
      const groups = anyGroups(all, rng);
      const { training, measured } = splitHonestly(all, groups);
      const isLong = ({ recording }: SplitExample): boolean =>
        recording !== undefined && all.filter((other) => other.recording === recording).length >= 8;
      for (const m of measured) {
        const one = all[m] as SplitExample;
        const long = isLong(one);
        if (one.learned) broken.push(`${round}: learned`);
        for (const t of training) {
          const other = all[t] as SplitExample;
          const areFrames = one.recording !== undefined && other.recording !== undefined;
          if (areFrames && Math.abs(one.time - other.time) < 500) broken.push(`${round}: time`);
          if (!long && areFrames && one.recording === other.recording) broken.push(`${round}: recording`);
          const areAlike = groups.some((group) => group.includes(m) && group.includes(t));
          if (areAlike && !(long && isLong(other))) broken.push(`${round}: alike`);
        }
      }
    }
    expect(broken).toEqual([]);
  });
});

describe("what looks alike", () => {
  test("is found among few images and among frames of one face", () => {
    const [one, other] = [face(0), face(1)];
    expect(alikeAmong([one, other, frameOf(one, 1)])).toEqual([[0, 2]]);
    expect(alikeAmong([one, frameOf(one, 1)])).toEqual([[0, 1]]);
    const frames = Array.from({ length: 30 }, (_, i) => frameOf(one, i));
    expect(alikeAmong([...frames, other])).toEqual([Array.from({ length: 30 }, (_, i) => i)]);
  });

  test("is warned of in a class of one pose, and not in one of many", () => {
    const frames = Array.from({ length: 40 }, (_, i) => frameOf(face(0), i));
    expect(lookAlike(frames)).toBe(true);
    expect(lookAlike(frames.slice(0, 9))).toBe(false);
    expect(lookAlike(Array.from({ length: 40 }, (_, i) => face(i)))).toBe(false);
  });
});

describe("the measure", () => {
  const answers = (labels: readonly number[], said: readonly number[]) => ({
    labels,
    probabilities: Float32Array.from(said.flatMap((k) => (k === 0 ? [0.75, 0.25] : [0.125, 0.875]))),
  });

  test("has the accuracy, its interval, and the wrong answers, surest first", () => {
    const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1];
    const found = measureOf(answers(labels, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]), ["wink", "yawn"]);
    expect(found).toMatchObject({ n: 12, right: 10, tooFew: false });
    expect(found?.matrix).toEqual([
      [5, 1],
      [1, 5],
    ]);
    expect(found?.interval[0]).toBeCloseTo(0.552, 3);
    expect(found?.interval[1]).toBeCloseTo(0.953, 3);
    expect(found?.wrong).toEqual([
      { example: 5, answered: "yawn", probability: 0.875 },
      { example: 11, answered: "wink", probability: 0.75 },
    ]);
  });

  test("reports if there are too few images to measure", () => {
    expect(measureOf(answers([], []), ["wink", "yawn"])).toBeUndefined();
    const few = measureOf(answers([0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]), ["wink", "yawn"]);
    expect(few?.tooFew).toBe(true);
    expect(few?.classes.map(({ tooFew }) => tooFew)).toEqual([false, true]);
  });

  test("compares two trainings by the examples on which they differ", () => {
    const labels = new Array<number>(20).fill(0);
    const right = answers(labels, labels);
    const half = answers(
      labels,
      labels.map((_, i) => (i < 10 ? 1 : 0)),
    );
    const nearly = answers(
      labels,
      labels.map((_, i) => (i < 2 ? 1 : 0)),
    );
    expect(comparisonOf(right, right, 2)).toBe("Both are right on the same examples.");
    expect(comparisonOf(right, nearly, 2)).toContain("not statistically significant");
    expect(comparisonOf(right, half, 2)).toBe(
      "Right with all layers but not with the head: 10. The other way round: 0. The difference is statistically significant.",
    );
  });
});

describe("classes", () => {
  test.each([
    ["  ", "A class needs a name."],
    ["a/b", "A name cannot contain /"],
    ["..", "A name cannot begin or end with a dot."],
    ["Happy ", "There is a class “happy” already."],
    ["x".repeat(41), "A name has at most 40 characters."],
    ["Test", "A class cannot be called “Test”: a folder of that name is a part of a data set."],
    ["müde", undefined],
  ])("named %j", (name, refusal) => {
    expect(refusalOfName(name, ["happy", "sad"])).toBe(refusal);
  });

  test("are warned about if they are unbalanced, and hold training up if they are missing", () => {
    expect(
      imbalanceOf([
        ["a", 30],
        ["b", 11],
      ]),
    ).toBeUndefined();
    expect(
      imbalanceOf([
        ["a", 34],
        ["b", 11],
        ["c", 0],
      ]),
    ).toContain("“a” has 3 times as many");
    expect(missingForTraining([["a", 30]])).toContain("Add a second class");
    expect(
      missingForTraining([
        ["a", 30],
        ["b", 0],
        ["c", 3],
      ]),
    ).toBe("Add examples of “b” and “c”: a class needs at least 4.");
    expect(
      missingForTraining([
        ["a", 30],
        ["b", 0],
        ["c", 5],
      ]),
    ).toBe("Add examples of “b”: a class needs at least 4. Or delete the class.");
    expect(
      missingForTraining([
        ["a", 30],
        ["b", 0],
        ["c", 5],
        ["d", 1],
      ]),
    ).toBe("Add examples of “b” and “d”: a class needs at least 4. Or delete these classes.");
    expect(
      missingForTraining([
        ["a", 30],
        ["b", 4],
      ]),
    ).toBeUndefined();
  });
});

test("the curve of a training that goes on from a checkpoint ends where the checkpoint was", () => {
  const step = (n: number, loss: number) => ({
    kind: "step" as const,
    step: n,
    steps: 4,
    epoch: 1,
    epochs: 2,
    loss,
    accuracy: 0.5,
    imagesPerSecond: 1,
    secondsLeft: 1,
  });
  let curve = emptyCurve;
  for (const n of [1, 2]) curve = withStep(curve, step(n, n));
  curve = withEpoch(curve, { kind: "epoch", epoch: 1, trainLoss: 1, trainAccuracy: 0.5 });
  curve = withStep(curve, step(3, 9));
  // After a lost device, training resumes from the checkpoint without a new start.
  expect(withStep(curve, step(2, 5)).steps.map(({ loss }) => loss)).toEqual([1, 5]);
  expect(withStep(curve, step(2, 5)).epochs).toEqual([]);
  curve = withStep(upTo(curve, 2, 4), step(3, 3));
  expect(curve.steps.map(({ loss }) => loss)).toEqual([1, 2, 3]);
  expect(curve.epochs.map((epoch) => epoch.step)).toEqual([2]);
  expect(upTo(curve, 1, 4).epochs).toEqual([]);
});

describe("a model of the user as a start", () => {
  const bundleOf = async (seen: readonly Uint8Array[]): Promise<Blob> => {
    const pixels: Picture[] = seen.map((small) => ({ pixels: small, width: 24, height: 24, channels: 1 }));
    const trainingImages = recordOf(
      noImages,
      pixels.flatMap((picture) => imageKey(picture) ?? []),
    );
    const folder = mkdtempSync(join(tmpdir(), "vultus-start-"));
    const path = join(folder, "own.onnx");
    writeSmallBundle(path, smallArchitecture("wink", "yawn"), { trainingImages });
    const bundle = new Blob([readFileSync(path)]);
    rmSync(folder, { recursive: true });
    return bundle;
  };

  test("is not measured by examples that its file records", async () => {
    const examples = [0, 1, 2].map((i) => ({ id: `e${i}`, thumbnail: face(i) }));
    const bundle = await bundleOf([face(0), frameOf(face(2), 1)]);
    expect(await knownTo({ name: "own", bundle }, examples)).toEqual(["e0", "e2"]);
    expect(await knownTo({ name: "own", bundle: await bundleOf([]) }, examples)).toEqual([]);
  });

  test("keeps its head for the classes that it knows", () => {
    expect(headKept(["happy", "sad"], ["wink", "yawn"])).toContain("none of these classes");
    expect(headKept(["happy", "sad"], ["Happiness", "sad"])).toBe(
      "It knows these classes: all of its layers are kept.",
    );
    expect(headKept(["happy", "sad"], ["happy", "wink"])).toContain("It knows “happy”");
  });

  test("is reported if it enlarges the examples", () => {
    expect(enlargement(96, 64)).toContain("images of 96 px. Your examples have 64 px");
    expect(enlargement(64, 64)).toBeUndefined();
    expect(enlargement(undefined, 64)).toBeUndefined();
  });
});

test("examples become a zip archive with a folder per class, in any alphabet", async () => {
  const example = (id: string, of: string, recording?: string): Example => ({
    id,
    project: "p",
    class: of,
    ...(recording ? { recording } : {}),
    time: 0,
    source: "camera",
    image: new Blob([id]),
    thumbnail: new Uint8Array(0),
  });
  const archive = await examplesZip(
    [
      { id: "1", name: "müde" },
      { id: "2", name: "wach" },
    ],
    [example("x", "1", "r"), example("y", "2"), example("z", "1"), example("w", "1", "r")],
  );
  const bytes = new Uint8Array(await archive.arrayBuffer());
  const entries = [...readStoredZip(bytes, "examples.zip")];
  expect(entries.map(([name, data]) => [name, new TextDecoder().decode(data)])).toEqual([
    ["müde/recording-1-0001.png", "x"],
    ["müde/recording-1-0002.png", "w"],
    ["müde/file-0003.png", "z"],
    ["wach/file-0001.png", "y"],
  ]);
  // Bit 11 of the flags: names are UTF-8 if they are not ASCII.
  const view = new DataView(bytes.buffer);
  expect(view.getUint16(6, true)).toBe(0x0800);
});
