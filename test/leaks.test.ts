/** Leaks between splits: training reports how many there are, cuts splits without any, and gives scores without them. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { leaksOf } from "../src/evaluate/leaks.node.ts";
import { readPictures } from "../src/train/read-pictures.node.ts";
import { recut } from "../src/train/recut.node.ts";
import { random } from "../src/util/random.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-leaks-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

/** Image `number` is always the same, as PNG or as lossless WebP. */
async function write(path: string, number: number): Promise<void> {
  const rng = random("leaks", number);
  const pixels = Buffer.from(Array.from({ length: 40 * 40 }, () => rng.integer(200) + (number % 2) * 50));
  const image = sharp(pixels, { raw: { width: 40, height: 40, channels: 1 } });
  mkdirSync(dirname(at(path)), { recursive: true });
  await (path.endsWith(".webp") ? image.webp({ lossless: true }) : image.png()).toFile(at(path));
}

beforeAll(async () => {
  for (let i = 0; i < 40; i++) {
    const name = i % 2 ? "light" : "dark";
    await write(`given/train/${name}/${i}.png`, i);
    await write(`one/${name}/${i}.png`, i);
    // Every image twice, in another format.
    await write(`one/${name}/${i}.webp`, i);
  }
  for (let i = 30; i < 50; i++) await write(`given/validation/${i % 2 ? "light" : "dark"}/${i}.webp`, i);
  for (let i = 36; i < 44; i++) await write(`given/test/${i % 2 ? "light" : "dark"}/${i}.png`, i);
});

const options = (): { memoryBudget: number; spillDir: string } => ({
  memoryBudget: 1e6,
  spillDir: at("spill"),
});

test("near copies stay on one side too, unless the cut is that of an earlier version", async () => {
  const faces = Array.from({ length: 40 }, (_, i) => i);
  for (const i of faces) {
    const name = i % 2 ? "happy" : "sad";
    const { pixels, width, height, channels } = drawFace(name, "copies", i);
    const image = sharp(pixels, { raw: { width, height, channels } });
    mkdirSync(at(`near/${name}`), { recursive: true });
    await image.png().toFile(at(`near/${name}/${i}.png`));
    await image.jpeg({ quality: 85 }).toFile(at(`near/${name}/${i} copy.jpg`));
  }
  const data = await readDataset([at("near")]);
  const apart = async (nearCopies: boolean): Promise<number> => {
    const cut = { validation: 0.25, seed: 1, nearCopies };
    const { dataset } = await readPictures(data, cut, options());
    const from = { from: data.fingerprint, ...cut };
    const again = await recut(data, { cut: from, fingerprint: dataset.fingerprint }, 64, () => {});
    expect(again?.fingerprint).toBe(dataset.fingerprint);
    const splitOf = new Map(dataset.samples.map(({ id, split }) => [id.replace(/^.*\//, ""), split]));
    return faces.filter((i) => splitOf.get(`${i}.png`) !== splitOf.get(`${i} copy.jpg`)).length;
  };
  expect(await apart(false)).toBeGreaterThan(5);
  expect(await apart(true)).toBeLessThan(3);
});

test("a class of near copies alone is parted, which a note reports", async () => {
  for (const name of ["alike", "others"])
    for (let i = 0; i < 10; i++) {
      const { pixels, width, height, channels } = drawFace("happy", name, name === "alike" ? 0 : i);
      mkdirSync(at(`few/${name}`), { recursive: true });
      await sharp(pixels, { raw: { width, height, channels } })
        .jpeg({ quality: 95 - i })
        .toFile(at(`few/${name}/${i}.jpg`));
    }
  const cut = { validation: 0.2, seed: 0, nearCopies: true };
  const { dataset, validation } = await readPictures(await readDataset([at("few")]), cut, options());
  expect(validation.samples).toHaveLength(4);
  expect(dataset.notes.at(-1)).toMatch(/^near copies of images are on both sides/);
});

test("splits that training cuts keep equal pixels on one side, at the shares that were asked for", async () => {
  const { dataset, training, validation, leaked } = await readPictures(
    await readDataset([at("one")]),
    { validation: 0.2, test: 0.1, seed: 3 },
    options(),
  );
  const sides = new Map<string, Set<string>>();
  for (const { id, split } of dataset.samples) {
    const number = /(\d+)\./.exec(id)?.[1] as string;
    sides.set(number, (sides.get(number) ?? new Set()).add(split));
  }
  expect([...sides.values()].map(({ size }) => size)).toEqual(Array(40).fill(1));
  expect([training, validation].map(({ samples }) => samples.length)).toEqual([56, 16]);
  expect(leaked.size).toBe(0);
  const own = dataset.samples.filter(({ split }) => split === "validation");
  expect(validation.samples.map(({ id }) => id)).toEqual(own.map(({ id }) => id));
  expect(validation.get(0)).toMatchObject({ width: 40, height: 40, channels: 1 });
});

test("leaks are found whatever the format, in validation and in test", async () => {
  const { leaked } = await readPictures(await readDataset([at("given")]), { seed: 0 }, options());
  const numbers = [...leaked].map((id) => id.replace(/\/\w+\//, " ").replace(/\..*/, "")).sort();
  const range = (split: string, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => `${split} ${from + i}`);
  expect(numbers).toEqual([...range("test", 36, 40), ...range("validation", 30, 40)]);
});

test("scores without leaks count what is left", () => {
  const leaks = leaksOf([0, 1, 0, 1], [0, 1, 1, 0], [true, false, false, false]);
  expect(leaks).toMatchObject({ leaked: 1, withoutLeaked: { n: 3, accuracy: 1 / 3 } });
  expect(leaks.withoutLeaked?.interval[0]).toBe(0);
  expect(leaksOf([0], [0], [true])).toEqual({ leaked: 1, withoutLeaked: undefined });
});

describe("from the command line", () => {
  const args = ["--model", "squeezenet1_1", "--weights", "none", "--recipe", "scratch", "--input-size", "32"];
  const fast = ["--set", "phases.0.epochs=1", "--batch-size", "16", "--device", "cpu", "--threads", "1"];
  interface Scores {
    readonly n: number;
    readonly split: string;
    readonly leaked: number;
    readonly withoutLeaked: { n: number; accuracy: number; interval: number[] };
  }
  const saved = (): Scores => JSON.parse(readFileSync(at("run", "evaluation.json"), "utf8")) as Scores;

  test("training warns with counts and the remedy, and the final score is given without leaks too", async () => {
    expect(await run(["train", at("given"), ...args, ...fast, "--out", at("run")]), printed.err).toBe(0);
    expect(printed.err).toMatch(/leak: 10 of 20 validation images .*data audit .*--exclude/);
    expect(printed.err).toMatch(/leak: 4 of 8 test images/);
    expect(saved()).toMatchObject({ n: 8, split: "test", leaked: 4, withoutLeaked: { n: 4 } });
    expect(printed.out).toMatch(
      /^measured on +8 test images, 4 of them are also training images: without them [\d.]+ %$/m,
    );
  });

  test("evaluate says the same of the same images, and of training images nothing", async () => {
    expect(await run(["evaluate", at("run"), at("given"), "--split", "test", "--json"]), printed.err).toBe(0);
    const { leaked, withoutLeaked } = saved();
    expect(JSON.parse(printed.out)).toMatchObject({ leaked, withoutLeaked });
    for (const more of [
      ["--split", "train"],
      ["--split", "test", "--no-leaks"],
    ]) {
      printed.out = "";
      expect(await run(["evaluate", at("run"), at("given"), ...more, "--json"])).toBe(0);
      expect(JSON.parse(printed.out)).not.toHaveProperty("leaked");
    }
  });

  test("subgroups of a manifest are scored apart, small ones named, unknown columns refused", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => {
      const name = i % 2 ? "light" : "dark";
      return `one/${name}/${i}.png,${name},${i < 24 ? "glasses" : i < 36 ? "none" : ""},${i < 3 ? "old" : "young"}`;
    });
    writeFileSync(at("groups.csv"), ["path,label,Glasses,age", ...rows, ""].join("\n"));
    const scored = ["evaluate", at("run"), at("groups.csv"), "--split", "train", "--subgroup-minimum", "10"];
    expect(await run([...scored, "--subgroup", "glasses", "--json"]), printed.err).toBe(0);
    const { n, accuracy, subgroups } = JSON.parse(printed.out) as {
      n: number;
      accuracy: number;
      subgroups: { groups: { n: number; accuracy: number }[] };
    };
    expect(subgroups).toMatchObject({ column: "glasses", n: 40, accuracy, without: 4, suppressed: [] });
    expect(subgroups.groups.map((group) => group.n).sort((a, b) => a - b)).toEqual([12, 24]);
    expect(n).toBe(40);
    printed.out = "";
    expect(await run([...scored, "--subgroup", "age"])).toBe(0);
    expect(printed.out).toMatch(
      /young +37 +[\d.]+ %.*best\nall +40 .*\nnot scored, because they have fewer than 10 images: old \(3\)/,
    );
    expect(await run([...scored, "--subgroup", "ages"])).toBe(2);
    expect(printed.err).toMatch(/no such column. Did you mean "age"\? Found: age, glasses/);
    expect(await run(["evaluate", at("run"), at("given"), "--subgroup", "age"])).toBe(2);
    expect(printed.err).toMatch(/no subgroup columns; give a manifest/);
  });

  test("a run without leaks reports that in its JSON only; wrong shares end at once", async () => {
    const cut = ["--validation", "0.3", "--out", at("clean")];
    expect(await run(["train", at("one"), ...args, ...fast, ...cut]), printed.err).toBe(0);
    expect(printed.err).toMatch("validation: 24 images cut from training (0.3 of each class, seed 0)");
    expect(printed.err).not.toMatch("leak: ");
    expect(printed.out).not.toMatch("without leaks");
    expect(JSON.parse(readFileSync(at("clean", "evaluation.json"), "utf8"))).toMatchObject({
      leaked: 0,
      withoutLeaked: { n: 24 },
    });
    expect(await run(["train", at("one"), ...args, "--validation", "1", "--out", at("never")])).toBe(2);
    expect(printed.err).toMatch("--validation is 1");
  });

  test("a run that was stopped while it read its images can be started again in the same folder", async () => {
    mkdirSync(at("stopped", "checkpoints"), { recursive: true });
    expect(await run(["train", at("one"), ...args, ...fast, "--out", at("stopped")]), printed.err).toBe(0);
    writeFileSync(at("stopped", "mine.txt"), "");
    expect(await run(["train", at("one"), ...args, ...fast, "--out", at("stopped")])).toBe(2);
  });
});
