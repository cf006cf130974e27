/** `vultus data inspect`: its summary of a folder, its exit code, and the contact sheet. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import type { Inspection } from "../src/data/inspect.node.ts";
import { widthOf } from "../src/report/svg.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-inspect-"));
const data = join(folder, "data");

/** Uniform images, so that one pixel identifies each. */
async function picture(path: string, colour: number | readonly [number, number, number], height = 48) {
  const [r, g, b] = typeof colour === "number" ? [colour, colour, colour] : colour;
  mkdirSync(join(data, path, ".."), { recursive: true });
  await sharp({ create: { width: 48, height, channels: 3, background: { r, g, b } } })
    .png()
    .toFile(join(data, path));
}

/** Five of these can be displayed, so one cannot. */
const happy = [10, 50, 90, 130, 170, 210];

beforeAll(async () => {
  for (const value of happy) await picture(`train/happy/${value}.png`, value);
  await picture("train/sad/colour.png", [200, 40, 0], 64);
  await picture("train/sad/grey.png", 100, 64);
  await picture("validation/happy/twin.png", 10);
  await picture("validation/sad/own.png", 77, 30);
  writeFileSync(join(data, "train/sad/broken.jpg"), "this is no image");
  writeFileSync(join(data, "train/sad/notes.txt"), "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

test("in words; an image that cannot be read makes the exit code 1", async () => {
  expect(await run(["data", "inspect", data, "--no-sheet"])).toBe(1);
  expect(printed.out).toBe(`class         train  validation
happy             6           1
sad               3           1
total             9           2

11 images, 9 of them grey; the largest class has 2.00 times the images of the smallest
sizes: 48×48 (7), 48×64 (2), 48×30 (1)
pixel-identical images in more than one split: 1 validation in train
unreadable: train/sad/broken.jpg: not an image: begins with the text "this is no i"; vultus reads JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF
1 file in ${data} skipped: their names are not those of images
`);
  expect(printed.err).toBe("");
});

test("of data without a leak", async () => {
  expect(await run(["data", "inspect", join(data, "validation"), "--no-sheet"])).toBe(0);
  expect(printed.out).toMatch(/pixel-identical images in more than one split: none$/m);
});

test("as JSON, and 0 if all can be read", async () => {
  expect(await run(["data", "inspect", data, "--no-sheet", "--json"])).toBe(1);
  const { unreadable, imbalance } = JSON.parse(printed.out) as Inspection;
  expect(unreadable.map(({ id }) => id)).toEqual(["train/sad/broken.jpg"]);
  expect(imbalance).toBe(2);
  const whole = join(data, "validation");
  expect(await printedJson("data", "inspect", whole, "--no-sheet")).toMatchObject({
    pictures: 2,
    unreadable: [],
  });
});

test("the contact sheet has a row per class: five as stored, the same five as augmented", async () => {
  const path = join(folder, "sheet.png");
  expect(await run(["data", "inspect", data, "--sheet", path])).toBe(1);
  expect(printed.err).toContain(`wrote ${path}`);
  const { format, width, height } = await sharp(path).metadata();
  const names = Math.max(widthOf("7 images", 11), widthOf("happy", 14));
  const left = 20 + names + 20;
  const augmentedLeft = left + 5 * 86 + 22;
  expect({ format, width, height }).toEqual({
    format: "png",
    width: 2 * Math.ceil(augmentedLeft + 5 * 86 - 6 + 20),
    height: 2 * (46 + 2 * 92 - 12 + 20),
  });
  const pixels = await sharp(path).greyscale().raw().toBuffer();
  const middles = (from: number): number[] =>
    Array.from({ length: 5 }, (_, j) => {
      const [x, y] = [Math.round(2 * (from + j * 86 + 40)), 2 * (46 + 40)];
      return pixels[y * width + x] as number;
    });
  const stored = middles(left);
  expect(new Set(stored).size).toBeGreaterThanOrEqual(4);
  for (const value of stored) expect(happy).toContain(value);
  expect(middles(augmentedLeft)).not.toEqual(stored);
});

test("the sheet lies in the working directory, unless told", async () => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    await run(["data", "inspect", data]);
  } finally {
    process.chdir(before);
  }
  expect(existsSync(join(folder, "contact-sheet.png"))).toBe(true);
});
