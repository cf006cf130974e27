import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VultusError } from "../util/errors.ts";
import type { Picture, Sample } from "./dataset.ts";
import { checkUnreadable, decodeAll } from "./decode-all.node.ts";
import { loadPixels } from "./pixel-cache.node.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-cache-"));
const spillDir = join(dir, "run", "cache");
const samples: Sample[] = [];

/** Image i is uniformly i and 8 + i pixels wide, so that a mix-up is detected. */
const expected = (i: number): Picture => ({
  pixels: new Uint8Array((8 + i) * 8).fill(i),
  width: 8 + i,
  height: 8,
  channels: 1,
});

beforeAll(async () => {
  for (let i = 0; i < 20; i++) {
    const { pixels, width, height } = expected(i);
    const path = join(dir, `${i}.png`);
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .png()
      .toFile(path);
    samples.push({ id: `${i}.png`, source: { kind: "file", path }, label: 0, split: "train" });
  }
});
afterAll(() => rmSync(dir, { recursive: true }));

const bad = (name: string, content: string): Sample => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return { id: name, source: { kind: "file", path }, label: 0, split: "train" };
};

test("within the budget everything is in memory and no file is made", async () => {
  const ticks: string[] = [];
  const onProgress = (done: number, total: number): number => ticks.push(`${done}/${total}`);
  const cache = await loadPixels(samples, { maxSide: 60, memoryBudget: 1e6, spillDir, onProgress });
  for (const i of samples.keys()) expect(cache.get(i)).toEqual(expected(i));
  expect(cache.bytesInMemory).toBe(samples.reduce((sum, _, i) => sum + (8 + i) * 8, 0));
  expect(existsSync(spillDir)).toBe(false);
  expect(ticks).toEqual(samples.map((_, i) => `${i + 1}/20`));
  cache.close();
});

test.each([0, 1000])(
  "with %i bytes the rest is read from a file that no kill leaves behind",
  async (memoryBudget) => {
    const cache = await loadPixels(samples, { memoryBudget, spillDir });
    for (const i of [19, 0, 7, 19, 3]) expect(cache.get(i)).toEqual(expected(i));
    for (const i of samples.keys()) expect(cache.get(i)).toEqual(expected(i));
    expect(cache.bytesInMemory).toBeLessThanOrEqual(memoryBudget);
    if (process.platform !== "win32") expect(readdirSync(spillDir)).toHaveLength(0);
    cache.close();
    expect(readdirSync(spillDir)).toHaveLength(0);
    cache.close();
  },
);

test.each([0, 1000, 1e6])("parts outlive the whole, with %i bytes in memory", async (memoryBudget) => {
  const whole = await loadPixels([...samples, samples[3] as Sample], { memoryBudget, spillDir });
  expect(whole.hashes[20]).toBe(whole.hashes[3]);
  expect(new Set(whole.hashes).size).toBe(20);
  const parts = [whole.part([19, 0]), whole.part([7, 3])] as const;
  whole.close();
  whole.close();
  expect(parts[0].get(0)).toEqual(expected(19));
  expect(parts[1].hashes).toEqual([whole.hashes[7], whole.hashes[3]]);
  parts[0].close();
  parts[0].close();
  expect(parts[1].get(1)).toEqual(expected(3));
  parts[1].close();
  if (existsSync(spillDir)) expect(readdirSync(spillDir)).toHaveLength(0);
});

test("a disk that takes no images is named, and why", async () => {
  const file = join(dir, "0.png");
  const result = loadPixels(samples, { memoryBudget: 0, spillDir: join(file, "cache") });
  await expect(result).rejects.toThrow(VultusError);
  await expect(result).rejects.toThrow(/pixels-.* was not written: a part of its path is a file/);
});

test("nothing is visited after the first failure", async () => {
  const visited: number[] = [];
  const visit = (index: number): void => {
    visited.push(index);
    throw new Error("full");
  };
  await expect(decodeAll(samples, {}, visit)).rejects.toThrow("full");
  const then = visited.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(visited).toHaveLength(then);
});

test("a signal stops reading, with an error", async () => {
  const stop = new AbortController();
  let read = 0;
  const onProgress = (done: number): void => {
    read = done;
    if (done === 3) stop.abort();
  };
  const options = { memoryBudget: 0, spillDir, onProgress, signal: stop.signal };
  await expect(loadPixels(samples, options)).rejects.toThrow("stopped while reading images");
  expect(read).toBeLessThan(samples.length);
});

test("an index outside the cache is refused", async () => {
  const cache = await loadPixels(samples, { memoryBudget: 1e6, spillDir });
  expect(() => cache.get(20)).toThrow("there is no image 20 in a cache of 20");
  expect(() => cache.get(-1)).toThrow(RangeError);
});

describe("unreadable images", () => {
  test("are skipped and listed when allowed; the rest keeps its order", async () => {
    const mixed = [
      bad("text.jpg", "not an image"),
      ...samples.slice(0, 3),
      bad("empty.png", ""),
      ...samples.slice(3),
    ];
    const cache = await loadPixels(mixed, { memoryBudget: 1e6, spillDir, allowUnreadable: true });
    expect(cache.unreadable.map(({ id }) => id)).toEqual(["text.jpg", "empty.png"]);
    expect(cache.unreadable[1]?.reason).toMatch(/empty/);
    expect(cache.samples).toEqual(samples);
    expect(cache.get(3)).toEqual(expected(3));
  });

  test("more than 1 % stops, with reasons, and leaves no file", async () => {
    const result = loadPixels([...samples, bad("broken.jpg", "")], { memoryBudget: 0, spillDir });
    await expect(result).rejects.toThrow(VultusError);
    await expect(result).rejects.toThrow(/1 of 21 images \(4\.8 %\).*\n {2}broken\.jpg: the file is empty/);
    expect(readdirSync(spillDir)).toHaveLength(0);
  });

  test("1 % itself goes on", () => {
    const one = { id: "a", code: "damaged", reason: "b" } as const;
    expect(() => checkUnreadable([one], 100)).not.toThrow();
    expect(() => checkUnreadable([one], 99)).toThrow(VultusError);
    expect(() => checkUnreadable([], 0)).not.toThrow();
    expect(() => checkUnreadable(Array(7).fill(one), 10)).toThrow(/… and 2 more$/);
  });
});
