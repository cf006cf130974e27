/** `vultus data split` on the command line: copies and people on one side, and a manifest that reads back the same. */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import type { Split } from "../src/data/dataset.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-split-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

async function face(path: string, number: number, change = (image: Sharp): Sharp => image): Promise<void> {
  const { pixels, width, height, channels } = drawFace(number % 2 ? "happy" : "sad", "split", number);
  mkdirSync(dirname(at(path)), { recursive: true });
  await change(sharp(pixels, { raw: { width, height, channels } }))
    .png()
    .toFile(at(path));
}

/** 60 faces, 12 of them with a copy in the other split, 10 with a mirrored copy. */
beforeAll(async () => {
  for (let i = 0; i < 60; i++) {
    const name = i % 2 ? "happy" : "sad";
    await face(`set/train/${name}/${i}.png`, i);
    if (i < 12) await face(`set/validation/${name}/copy of ${i}.png`, i);
    else if (i < 22) await face(`set/validation/${name}/mirror of ${i}.png`, i, (image) => image.flop());
  }
});

interface Printed {
  readonly pictures: number;
  readonly splits: Record<
    Split,
    { pictures: number; share: number; perClass: Record<string, { share: number }> }
  >;
  readonly groups: Record<string, number>;
  readonly notes: readonly string[];
}

async function split(...args: string[]): Promise<Printed> {
  printed.out = "";
  expect(await run(["data", "split", ...args, "--json"]), printed.err).toBe(0);
  return JSON.parse(printed.out) as Printed;
}

/** The side of each face by its number; fails for a face on two sides. */
async function sidesOf(manifest: string): Promise<Map<string, Split>> {
  const sides = new Map<string, Split>();
  for (const { id, split: side } of (await readDataset([manifest])).samples) {
    const number = /(\d+)\.png$/.exec(id)?.[1] ?? "";
    expect(sides.get(number) ?? side, id).toBe(side);
    sides.set(number, side);
  }
  return sides;
}

test("copies stay on one side, shares are met, and the manifest is what audit and others read", async () => {
  const done = await split(at("set"), "--out", at("a.csv"), "--validation", "0.2", "--test", "0.1");
  expect(done).toMatchObject({
    pictures: 82,
    groups: { identical: 12, nearDuplicates: 10, people: 0, keptTogether: 22, picturesInThem: 44 },
  });
  for (const [side, share] of [
    ["validation", 0.2],
    ["test", 0.1],
  ] as const) {
    for (const part of Object.values(done.splits[side].perClass))
      expect(Math.abs(part.share - share)).toBeLessThan(0.03);
  }
  expect(done.notes).toContain("the data has a validation split of 22 images, which is cut again");
  expect((await sidesOf(at("a.csv"))).size).toBe(60);

  printed.out = "";
  expect(await run(["data", "audit", at("a.csv"), "--json"])).toBe(0);
  expect(JSON.parse(printed.out)).toMatchObject({
    duplicateGroups: 12,
    crossSplitPictures: { "validation in train": 0, "test in train": 0, "test in validation": 0 },
    nearDuplicateGroups: 10,
    nearCrossSplitGroups: 0,
  });
  await split(at("set"), "--out", at("b.csv"), "--validation", "0.2", "--test", "0.1");
  expect(readFileSync(at("b.csv"), "utf8")).toBe(readFileSync(at("a.csv"), "utf8"));
  await split(at("set"), "--out", at("c.csv"), "--validation", "0.2", "--test", "0.1", "--seed", "1");
  expect(readFileSync(at("c.csv"), "utf8")).not.toBe(readFileSync(at("a.csv"), "utf8"));
});

test("a split without a share is kept, and training loses its copies", async () => {
  const done = await split(at("set"), "--out", at("kept.csv"), "--test", "0.2");
  const { samples } = await readDataset([at("kept.csv")]);
  const validation = samples.filter((sample) => sample.split === "validation");
  expect(validation.map(({ id }) => id).sort()).toEqual(
    (await readDataset([at("set")])).samples
      .filter(({ split: side }) => side === "validation")
      .map(({ id }) => `set/${id}`)
      .sort(),
  );
  expect(done.pictures).toBe(60);
  expect(done.notes).toContain(
    "22 training images left out: copies of images in a kept split, or images of the same people",
  );
  await sidesOf(at("kept.csv"));
});

describe("from a manifest", () => {
  test("people stay together; votes, identities and subgroups are carried over", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => {
      const votes = i % 2 ? "3,1" : "1,3";
      return `set/train/${i % 2 ? "happy" : "sad"}/${i}.png,${votes},p${i % 8},"${i % 4 ? "20 to 29" : "30, or more"}"`;
    });
    writeFileSync(at("votes.csv"), ["path,happy,sad,identity,subgroup:age", ...rows, ""].join("\n"));
    mkdirSync(at("deeper"));
    const done = await split(at("votes.csv"), "--out", at("deeper", "cut.csv"), "--validation", "0.25");
    expect(done.groups).toMatchObject({ people: 8, keptTogether: 8, picturesInThem: 40 });
    const before = await readDataset([at("votes.csv")]);
    const after = await readDataset([at("deeper", "cut.csv")]);
    const rest = before.samples.map(({ id, split: side }, i) => ({ ...after.samples[i], id, split: side }));
    expect(rest).toEqual(before.samples);
    const sides = new Map<string, Set<string>>();
    for (const { identity = "", split: side } of after.samples)
      sides.set(identity, (sides.get(identity) ?? new Set()).add(side));
    expect([...sides.values()].map((own) => own.size)).toEqual(Array(8).fill(1));
    expect(after.samples.filter(({ split: side }) => side === "validation")).toHaveLength(10);
  });

  test("what groups cost is said", async () => {
    const rows = Array.from(
      { length: 30 },
      (_, i) => `set/train/${i % 2 ? "happy" : "sad"}/${i}.png,${i % 2 ? "happy" : "sad"},p${i % 3}`,
    );
    writeFileSync(at("three.csv"), ["path,label,identity", ...rows, ""].join("\n"));
    const { notes } = await split(at("three.csv"), "--out", at("three-cut.csv"), "--validation", "0.2");
    expect(notes.at(-1)).toMatch(
      /groups that stay together make its share of \w+ 33\.3 % instead of 20\.0 %/,
    );
  });
});

test("--exclude leaves out, and an image that cannot be read is not listed and ends with 1", async () => {
  writeFileSync(at("exclude.txt"), "train/sad/0.png\n");
  await split(at("set"), "--out", at("less.csv"), "--exclude", at("exclude.txt"));
  expect(readFileSync(at("less.csv"), "utf8")).not.toMatch("set/train/sad/0.png");
  for (const i of [1, 2, 3, 4, 5, 6]) await face(`damaged/${i % 2 ? "happy" : "sad"}/${i}.png`, i);
  writeFileSync(at("damaged", "sad", "broken.png"), "no image");
  expect(await run(["data", "split", at("damaged"), "--out", at("damaged.csv")])).toBe(1);
  expect(printed.out).toMatch(/\nnext: .*train \S+damaged\.csv\n$/);
  expect(printed.err).toMatch("left out: sad/broken.png: ");
  expect(readFileSync(at("damaged.csv"), "utf8")).not.toMatch("broken");
  expect(printed.out).toMatch(/total +4 \(66\.7 %\) +2 \(33\.3 %\)/);
});

test.each([
  ["a manifest that is there", () => ["--out", at("votes.csv")], /votes\.csv already exists/],
  ["no --out", () => [], /--out/],
  ["a share of 0", () => ["--out", at("x.csv"), "--validation", "0"], /--validation is 0/],
  [
    "shares that leave nothing",
    () => ["--out", at("x.csv"), "--validation", "0.6", "--test", "0.5"],
    /add up to 1\.1/,
  ],
] as const)("%s is refused", async (_, args, message) => {
  expect(await run(["data", "split", at("set"), ...args()])).toBe(2);
  expect(printed.err).toMatch(message);
  expect(existsSync(at("x.csv"))).toBe(false);
});

test("pixels in a CSV file cannot be named", async () => {
  const row = (emotion: number): string => `${emotion},${Array(2304).fill(emotion).join(" ")},Training`;
  writeFileSync(at("fer.csv"), ["emotion,pixels,Usage", row(3), row(3), row(4), row(4), ""].join("\n"));
  expect(await run(["data", "split", at("fer.csv"), "--out", at("x.csv")])).toBe(2);
  expect(printed.err).toMatch(/a manifest can only name files/);
});
