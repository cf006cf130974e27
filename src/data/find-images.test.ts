/** Images that a table lists with the paths of another machine. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDataset } from "../jobs/data.ts";
import { UsageError } from "../util/errors.ts";
import { findImages } from "./find-images.node.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vultus-find-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function make(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), "");
  }
}

/** Returns the location of each path below the folder of the table. */
function found(...paths: string[]): { at: string[]; notes: readonly string[]; moved: boolean[] } {
  const { images, notes } = findImages(
    join(root, "t.csv"),
    paths.map((path, i) => ({ number: i + 2, path })),
  );
  return {
    at: images.map(({ file }) => relative(root, file).replaceAll("\\", "/")),
    notes,
    moved: images.map(({ isMoved }) => isMoved),
  };
}

test("in another spelling, without a note", () => {
  make("my faces/1.jpg", "happy/2.JPG", "happy/3.png", "100%/4.jpg", "a%20b/5.jpg");
  const address = pathToFileURL(join(root, "happy/3.png")).href;
  const { at, notes, moved } = found(
    ...["my%20faces/1.jpg", "happy/2.jpg", "happy/3", "100%/4.jpg", "a%20b/5.jpg"],
    ...["happy\\3.png", " happy/3.png ", address],
  );
  expect(at).toEqual([
    ...["my faces/1.jpg", "happy/2.JPG", "happy/3.png", "100%/4.jpg", "a%20b/5.jpg"],
    ...["happy/3.png", "happy/3.png", "happy/3.png"],
  ]);
  expect(notes).toEqual([]);
  expect(moved).not.toContain(true);
});

test("not under an ending that is another image's, nor if several could be meant", () => {
  make("happy/1.jpg", "sad/1.jpg", "sad/1.png");
  expect(found("happy/1.png", "sad/1").moved).toEqual([false, false]);
  expect(found("happy/1.png", "sad/1").at).toEqual(["happy/1.png", "sad/1"]);
});

test.each([
  ["Windows", "C:\\Users\\Ann\\data\\"],
  ["Colab", "/content/drive/MyDrive/faces/"],
  ["Kaggle", "/kaggle/input/fer/"],
  ["another folder", "../data/raw/"],
])("of %s, by the end of their paths, with a note", (_, prefix) => {
  make("happy/1.jpg", "sad/1.jpg");
  const { at, notes, moved } = found(`${prefix}happy/1.jpg`, `${prefix}sad/1.jpg`, `${prefix}sad/9.jpg`);
  expect(at.slice(0, 2)).toEqual(["happy/1.jpg", "sad/1.jpg"]);
  expect(moved).toEqual([true, true, false]);
  expect(notes.join()).toMatch(
    /2 of 3 images found by the end of their paths.*happy\/1\.jpg is happy\/1\.jpg$/,
  );
});

test("further down, or by their names alone", () => {
  make("images/happy/1.jpg", "images/sad/2.jpg");
  expect(found("happy/1.jpg", "sad/2.jpg").at).toEqual(["images/happy/1.jpg", "images/sad/2.jpg"]);
  expect(found("1.jpg", "2.jpg").at).toEqual(["images/happy/1.jpg", "images/sad/2.jpg"]);
});

test("never an image of another folder, class or split", () => {
  make("sad/1.jpg", "train/images/2.jpg", "faces/3.jpg");
  expect(found("/k/happy/1.jpg", "/k/sad/7.jpg").moved).toEqual([false, false]);
  expect(found("/k/test/images/2.jpg", "/k/test/images/8.jpg").moved).toEqual([false, false]);
  expect(found("/k/pictures/3.jpg", "/k/pictures/4.jpg").moved).toEqual([false, false]);
});

test("not elsewhere if the table's other images are where it lists them", () => {
  make("happy/1.jpg", "old/happy/2.jpg");
  expect(found("happy/1.jpg", "happy/2.jpg").moved).toEqual([false, false]);
});

test("two that fit are refused", () => {
  make("happy/1.jpg", "sad/1.jpg");
  expect(() => found("1.jpg")).toThrow(
    /row 2: there is no 1\.jpg; it could mean happy\/1\.jpg or sad\/1\.jpg/,
  );
});

test("a table none of whose images is there is refused, with the folder that its paths start from", async () => {
  const table = join(root, "lists/train/t.csv");
  make("lists/train/t.csv");
  writeFileSync(table, "path,label\nhappy/1.jpg,happy\nsad/1.jpg,sad\n");
  await expect(openDataset(table)).rejects.toThrow(UsageError);
  await expect(openDataset(table)).rejects.toThrow(
    /none of the 2 images listed in .*t\.csv exists.*Move the table/,
  );
  make("happy/1.jpg", "sad/1.jpg");
  const place = relative(process.cwd(), root);
  await expect(openDataset([table])).rejects.toThrow(
    `Its paths are relative to ${place}: move the table there`,
  );
});
