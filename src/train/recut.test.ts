/** Reproducing the splits of a training: current ones, and those of a version that depended on the reading order. */

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../data/dataset.ts";
import { hasFingerprint } from "../data/former.ts";
import { readDataset } from "../data/read.node.ts";
import { UsageError } from "../util/errors.ts";
import { dataOfRun } from "./former-run.node.ts";
import { cutPictures, recut, type TrainedOn } from "./recut.node.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-recut-"));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (path: string): string => join(dir, path);

function write(path: string, content: string | Buffer = ""): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), content);
}

const rows = Array.from({ length: 40 }, (_, i) => `${39 - i}.png,${i % 2 ? "happy" : "sad"}`);

/** Files that cannot be decoded have no pixels that keep them together, so the cut depends on names alone. */
beforeAll(() => {
  for (const name of ["happy", "sad"]) {
    for (const source of ["A", "B"]) for (let i = 0; i < 20; i++) write(`${source}/${name}/${i}.png`);
    for (const place of ["x", "y"]) for (let i = 0; i < 10; i++) write(`${place}/set/${name}/${i}.png`);
  }
  write("deep/happy/1/a.png");
  for (const name of ["happy", "sad", "sad b"])
    for (let i = 0; i < 10; i++) {
      write(`deep/${name}/1/${i}.png`);
      write(`deep/${name}/${i}.png`);
    }
  write("list.csv", ["path,label", ...rows].join("\n"));
  write("turned/list.csv", ["path,label", ...rows.toReversed()].join("\n"));
  for (const folder of ["", "turned/"]) for (let i = 0; i < 40; i++) write(`${folder}${i}.png`);
});

/** Reads data with class names matched as in former versions. */
const read = (...paths: string[]): Promise<Dataset> => readDataset(paths.map(at), { byWord: false });
const cutAgain = (dataset: Dataset, trainedOn: TrainedOn): Promise<Dataset | undefined> =>
  recut(dataset, trainedOn, 32, () => {});

/** Returns the SHA-1 of the sorted ids of the validation samples. */
function validationOf({ samples }: Dataset): string {
  const ids = samples.filter(({ split }) => split === "validation").map(({ id }) => id);
  return createHash("sha1").update(ids.sort().join("\n")).digest("hex");
}

/** The record of version 0.1.0 for a cut of 20 % with seed 3, before samples had a fixed order. */
const former = {
  "A B": {
    from: "05ed16da32ee84f7c355d565c2cb02ef",
    fingerprint: "b6885288e5f2766de327a87892c87818",
    validation: "faa6a0086e53036becf92b90bea867db9f194d30",
  },
  "B A": {
    from: "05ed16da32ee84f7c355d565c2cb02ef",
    fingerprint: "bfd0e4aaed639fc1bba81283a218a3fc",
    validation: "c83a485824b21bc89ae93a25d028daac21502ecb",
  },
  A: {
    from: "927dea5b966db6482aea2adf1bad865f",
    fingerprint: "8c5b7de49737f708da545e211550add0",
    validation: "bd1ff782f226cc426908d53a3eea27dd307b57e7",
  },
  deep: {
    from: "74848b31164f7a69d55d803734e299f3",
    fingerprint: "b849762c740173218ca9f134bc606cdc",
    validation: "85af60bb7921c749a5344d3c1f0c1c36c8a93a9d",
  },
  "list.csv": {
    from: "93181f1c84279d49e1a5a7a655b66ff0",
    fingerprint: "aef0caef27aac5674225f6fc0aefbb14",
    validation: "2ee7fa56157bb9fd7a470799afe978b82db3fa20",
  },
  "x/set y/set": {
    from: "7df70533b81fd563f35e64fbda7d2d52",
    fingerprint: "3182df363a53eb84e6a500fc74b5492e",
    validation: "5f57035b4d7187136655e38b5e60002b7adc8431",
  },
} as const;
const ofVersion010 = ({ from, fingerprint }: (typeof former)[keyof typeof former]): TrainedOn => ({
  cut: { from, seed: 3, validation: 0.2 },
  fingerprint,
});

describe("a cut of before samples had one order", () => {
  test.each(["A B", "B A", "A", "deep", "list.csv"] as const)(
    "of %s is found in that order",
    async (name) => {
      const dataset = await read(...name.split(" "));
      const again = (await cutAgain(dataset, ofVersion010(former[name]))) as Dataset;
      expect(validationOf(again)).toBe(former[name].validation);
      expect(hasFingerprint(again, former[name].fingerprint)).toBe(true);
      expect(again.samples.map(({ id }) => id)).toEqual(dataset.samples.map(({ id }) => id));
    },
  );

  test("in another order it is known as that data, and no other images are taken for its validation", async () => {
    for (const [name, ...paths] of [
      ["A B", "B", "A"],
      ["B A", "A", "B"],
      ["list.csv", "turned/list.csv"],
    ] as const) {
      const dataset = await read(...paths);
      expect(hasFingerprint(dataset, former[name].from), name).toBe(true);
      expect(await cutAgain(dataset, ofVersion010(former[name])), name).toBeUndefined();
    }
  });

  test("of two folders of one name is never guessed: exchanged, they look alike", async () => {
    for (const paths of [
      ["x/set", "y/set"],
      ["y/set", "x/set"],
    ]) {
      const dataset = await read(...paths);
      expect(hasFingerprint(dataset, former["x/set y/set"].from)).toBe(true);
      expect(await cutAgain(dataset, ofVersion010(former["x/set y/set"]))).toBeUndefined();
    }
  });
});

test("a cut of today is found in any order, and not if images have changed", async () => {
  const grey = (value: number): Promise<Buffer> =>
    sharp({ create: { width: 8, height: 8, channels: 3, background: { r: value, g: value, b: value } } })
      .png()
      .toBuffer();
  for (const [c, name] of ["happy", "sad"].entries())
    for (let i = 0; i < 20; i++) write(`drawn/${name}/${i}.png`, await grey(20 * c + i));
  const cut = { seed: 3, validation: 0.2 };
  const dataset = await read("A", "drawn");
  const { fingerprint: from } = dataset;
  const done = cutPictures(dataset, cut, new Map());
  const trainedOn = { cut: { ...cut, from }, fingerprint: done.fingerprint };
  const again = (await cutAgain(await read("drawn", "A"), trainedOn)) as Dataset;
  expect(again.samples.map(({ id, split }) => [id, split])).toEqual(
    done.samples.map(({ id, split }) => [id, split]),
  );
  // Copies of one image stay on one side, so the same names give other splits now.
  for (const name of ["happy", "sad"])
    for (let i = 0; i < 12; i++) write(`drawn/${name}/${i}.png`, await grey(name === "sad" ? 9 : 3));
  expect(await cutAgain(dataset, trainedOn)).toBeUndefined();
});

describe("a run that began before samples had one order", () => {
  const then = (...data: string[]) => ({ fingerprint: former["A B"].from, data: data.map(at) });

  test("goes on in its order", async () => {
    const { dataset, notes } = dataOfRun(then("A", "B"), await read("A", "B"));
    expect([dataset.fingerprint, notes]).toEqual([former["A B"].from, []]);
    const turned = dataOfRun(then("B", "A"), await read("B", "A"));
    expect(turned.dataset.samples[0]?.id).toBe("B/happy/0.png");
    expect(turned.dataset.fingerprint).toBe(former["A B"].from);
  });

  test("is refused its folders in another", async () => {
    const dataset = await read("B", "A");
    expect(() => dataOfRun(then("A", "B"), dataset)).toThrow(UsageError);
    expect(() => dataOfRun(then("A", "B"), dataset)).toThrow(/in their original order: .*A .*B$/);
  });

  test("reports that the order may differ if folders have moved", async () => {
    const { notes } = dataOfRun(then("elsewhere/A", "elsewhere/B"), await read("A", "B"));
    expect(notes.join()).toMatch(/^not bit-exact if the folders had another order/);
    const same = { ...then(), fingerprint: former["x/set y/set"].from };
    const sets = await read("x/set", "y/set");
    expect(() => dataOfRun(same, sets)).toThrow(UsageError);
  });

  test("is not what other data is taken for", async () => {
    const dataset = await read("A");
    expect(dataOfRun(then("A", "B"), dataset).dataset).toBe(dataset);
  });
});
