/** The files of a review: written by hand, outdated, write-protected, and on a failing disk. */

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { openDecisionBook } from "./decision-book.ts";
import { correctionsStore, leftOutList, manifestStore } from "./stores.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-stores-"));
const path = join(folder, "corrections.csv");
const classes = ["happy", "sad", "surprise"];
const images = ["happy", "happy", "sad"].map((label, i) => ({ id: `${label}/${i}.png`, label }));
const header = "image,old_label,new_label,when";
beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (...rows: string[]): void => writeFileSync(path, `${[header, ...rows].join("\n")}\n`);
const rows = (of = path): string[] => readFileSync(of, "utf8").trim().split("\n").slice(1);
const now = () => new Date("2026-11-30T12:00:00Z");

test("labels are read whatever their case, and as synonyms; an image's own label keeps it", async () => {
  write("happy/0.png,Happy,SADNESS,", "happy/1.png,happy,Happiness,");
  const decided = await correctionsStore(path, images, classes).load();
  expect([...decided.values()].map(({ decision }) => decision)).toEqual([
    { kind: "relabel", label: "sad" },
    { kind: "keep" },
  ]);
});

test("rows that do not hold here are counted and kept, until their image is decided on", async () => {
  const stale = "happy/0.png,surprise,sad,2026";
  const elsewhere = "fear/9.png,fear,sad,2026";
  write(stale, elsewhere);
  const store = correctionsStore(path, images, classes);
  const book = await openDecisionBook(store, now);
  expect(book.undoable).toBe(0);
  expect(store.notes()).toEqual([
    `${path}: 1 row is about labels that have since changed in the data: review these images again`,
    `${path}: 1 row is about images that are not in this review, and kept`,
  ]);
  book.decide(new Map([[2, { kind: "keep" }]]));
  expect(rows()).toEqual([stale, elsewhere, `sad/2.png,sad,sad,${now().toISOString()}`]);
  book.decide(new Map([[0, { kind: "keep" }]]));
  expect(rows()).toEqual([
    elsewhere,
    `sad/2.png,sad,sad,${now().toISOString()}`,
    `happy/0.png,happy,happy,${now().toISOString()}`,
  ]);
});

test("a file with more columns is refused, since they would be lost", async () => {
  writeFileSync(path, `${header},who\nhappy/0.png,happy,sad,,me\n`);
  await expect(correctionsStore(path, images, classes).load()).rejects.toThrow(
    /has the columns who in addition to image, .* would lose them\. Remove them, or write to another file/,
  );
});

test("a read-only file is left as it is", async () => {
  write();
  const book = await openDecisionBook(correctionsStore(path, images, classes));
  chmodSync(path, 0o444);
  expect(() => book.decide(new Map([[0, { kind: "keep" }]]))).toThrow(/corrections\.csv is read-only/);
  expect(rows()).toEqual([]);
  chmodSync(path, 0o644);
  expect(book.decide(new Map([[0, { kind: "keep" }]])).undoable).toBe(1);
});

test("of the two files of first labels both are written or none", async () => {
  const manifest = join(folder, "labels.csv");
  const files = ["a.png", "b.png"].map((name) => join(folder, name));
  const book = await openDecisionBook(manifestStore(manifest, files, classes));
  book.decide(new Map([[0, { kind: "relabel", label: "sad" }]]));
  expect(existsSync(leftOutList(manifest))).toBe(false);
  // A folder blocks the path of the temporary file.
  mkdirSync(join(folder, `.labels.csv.${process.pid}.tmp`));
  expect(() => book.decide(new Map([[0, { kind: "leave out" }]]))).toThrow(/labels\.csv was not written/);
  expect(existsSync(leftOutList(manifest))).toBe(false);
  expect(rows(manifest)).toEqual(["a.png,sad"]);
  rmSync(join(folder, `.labels.csv.${process.pid}.tmp`), { recursive: true });
  book.decide(new Map([[0, { kind: "leave out" }]]));
  expect([rows(manifest), readFileSync(leftOutList(manifest), "utf8")]).toEqual([[], "a.png\n"]);
});
