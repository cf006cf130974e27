/** A data set is the same, however it is named, listed or copied. */

import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError } from "../util/errors.ts";
import { canonicalId, sortedById, sourceNames } from "./canonical.ts";
import type { Dataset } from "./dataset.ts";
import { stratifiedFolds } from "./folds.ts";
import { readDataset } from "./read.node.ts";
import { byIdentity, cutSplits } from "./split.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "vultus-read-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const at = (...parts: string[]): string => join(dir, ...parts);

function write(path: string, text = ""): string {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
  return at(path);
}

/** Creates 40 images in each of the folders A and B, as in the bug report. */
function folders(): void {
  for (const source of ["A", "B"])
    for (const name of ["happy", "sad"]) for (let i = 0; i < 20; i++) write(`${source}/${name}/${i}.png`);
}

/** Returns what a training or a measurement sees of a data set: its samples in order, its splits and its folds. */
function seenOf(dataset: Dataset) {
  const cut = cutSplits(dataset, { validation: 0.2, test: 0.1, seed: 3 });
  const folds = { folds: 3, seed: 1, groupings: [byIdentity] };
  return {
    fingerprint: dataset.fingerprint,
    cut: cut.fingerprint,
    samples: cut.samples.map((sample) => ({ ...sample, source: undefined })),
    folds: stratifiedFolds(dataset.samples, dataset.classes.length, folds),
  };
}

async function expectSame(one: readonly string[], other: readonly string[]): Promise<void> {
  expect(seenOf(await readDataset(other))).toEqual(seenOf(await readDataset(one)));
}

describe("the same data set", () => {
  test("in another order of folders, and under other paths to them", async () => {
    folders();
    await expectSame([at("A"), at("B")], [at("B"), at("A")]);
    const here = relative(process.cwd(), dir);
    await expectSame([at("A"), at("B")], [`${here}/B/`, `${here}/A/../A`]);
  });

  test("in another place", async () => {
    folders();
    cpSync(at("A"), at("elsewhere", "A"), { recursive: true });
    await expectSame([at("A")], [at("elsewhere", "A")]);
    await expectSame([at("A"), at("B")], [at("B"), at("elsewhere", "A")]);
  });

  test("from two folders of one name", async () => {
    for (const year of ["2019", "2020"])
      for (const name of ["happy", "sad"])
        for (let i = 0; i < 10; i++) write(`${year}/faces/${name}/${i}.png`);
    const [old, recent] = [at("2019", "faces"), at("2020", "faces")];
    await expectSame([old, recent], [recent, old]);
    const idsOf = async (...paths: string[]): Promise<Map<string, unknown>> =>
      new Map((await readDataset(paths)).samples.map(({ id, source }) => [id, source]));
    expect(await idsOf(recent, old)).toEqual(await idsOf(old, recent));
  });

  test("with rows and columns of a list in another order", async () => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => `${i}.png,${i % 2 ? "happy" : "sad"},p${Math.floor(i / 3)}`,
    );
    const one = write("one/list.csv", ["path,label,identity", ...rows].join("\n"));
    const turned = rows.toReversed().map((row) => row.split(",").toReversed().join(","));
    const other = write("other/list.csv", ["identity,label,path", ...turned].join("\n"));
    await expectSame([one], [other]);
  });

  test("with columns of fractional votes in another order", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => [`${i}.png`, "0.1", "0.2", "0.3", i % 2 ? "0.9" : "0"]);
    const text = (order: readonly number[]): string =>
      [["path", "happy", "joy", "happiness", "sad"], ...rows]
        .map((cells) => order.map((column) => cells[column]).join(","))
        .join("\n");
    const [one, other] = [
      write("one/list.csv", text([0, 1, 2, 3, 4])),
      write("other/list.csv", text([4, 3, 2, 1, 0])),
    ];
    await expectSame([one], [other]);
  });

  test("whichever way a system writes é, and a list a path", async () => {
    for (const [form, folder] of [
      ["NFC", "mac"],
      ["NFD", "linux"],
    ] as const)
      for (const name of ["heureux", "gêné"])
        for (let i = 0; i < 10; i++) write(`${folder}/${`${name}/é${i}.png`.normalize(form)}`);
    await expectSame([at("mac")], [at("linux")]);

    const rows = Array.from({ length: 40 }, (_, i) => `a/${i}.png,${i % 2 ? "happy" : "sad"}`);
    const one = write("one/list.csv", ["path,label", ...rows].join("\n"));
    const other = write(
      "other/list.csv",
      ["path,label", ...rows.map((row) => `./a/.${row.slice(1)}`)].join("\n"),
    );
    await expectSame([one], [other]);
  });
});

test("another person makes another data set", async () => {
  const list = (person: string): string =>
    ["path,label,identity", "a.png,happy,p1", `b.png,happy,${person}`, "c.png,sad,p3"].join("\n");
  const one = await readDataset([write("one.csv", list("p1"))]);
  const other = await readDataset([write("other.csv", list("p2"))]);
  expect(other.fingerprint).not.toBe(one.fingerprint);
});

test("two files whose names differ only in how Unicode writes them stay two", async () => {
  const [composed, decomposed] = ["é.png".normalize("NFC"), "é.png".normalize("NFD")];
  for (const name of [composed, decomposed]) write(`set/happy/${name}`);
  write("set/sad/a.png");
  const { samples } = await readDataset([at("set")]);
  expect(samples.map(({ id }) => id)).toEqual([`happy/${decomposed}`, `happy/${composed}`, "sad/a.png"]);
  const list = write("exclude.txt", `happy/${decomposed}\n`);
  const rest = await readDataset([at("set")], { exclude: list });
  expect(rest.samples.map(({ id }) => id)).toEqual([`happy/${composed}`, "sad/a.png"]);
});

test("a list of ids from a system with other names leaves the same images out", async () => {
  for (const name of ["é.png", "b.png"]) write(`set/happy/${name.normalize("NFC")}`);
  write("set/sad/a.png");
  const list = write("exclude.txt", `happy/${"é.png".normalize("NFD")}\n`);
  const { samples } = await readDataset([at("set")], { exclude: list });
  expect(samples.map(({ id }) => id)).toEqual(["happy/b.png", "sad/a.png"]);
});

test("a source that is named twice is refused", async () => {
  folders();
  const twice = readDataset([at("A"), `${at("A")}/`]);
  await expect(twice).rejects.toThrow(UsageError);
  await expect(twice).rejects.toThrow(/cannot be distinguished by name.*Name each source only once/);
});

test("folders that are renamed together with what is above them", async () => {
  folders();
  const before = await readDataset([at("A")]);
  renameSync(at("A"), at("C"));
  expect((await readDataset([at("C")])).fingerprint).toBe(before.fingerprint);
});

test("names of sources, ids and their order", () => {
  expect(sourceNames(["/x/a", "/x/b"])).toEqual(["a", "b"]);
  expect(sourceNames(["/x/set", "/y/set", "/y/other"])).toEqual(["x:set", "y:set", "other"]);
  expect(sourceNames(["/p/x/set", "/q/x/set"])).toEqual(["p:x:set", "q:x:set"]);
  expect(sourceNames(["/set", "/x/set"])).toEqual(["set", "x:set"]);
  expect(() => sourceNames(["/x:set", "/x/set", "/y/set"])).toThrow(/cannot be distinguished by name/);
  expect(canonicalId("./a/.//b/../c.png")).toBe("a/b/../c.png");
  expect(canonicalId("/x//a.png")).toBe("/x/a.png");
  const ids = ["b/a.png", "a b/c.png", "a/x/1.png", "a/é.png", "a/Z.png", "a/10.png", "a/2.png"];
  expect(sortedById(ids.map((id) => ({ id }))).map(({ id }) => id)).toEqual([
    "a/10.png",
    "a/2.png",
    "a/Z.png",
    "a/é.png",
    "a/x/1.png",
    "a b/c.png",
    "b/a.png",
  ]);
});
