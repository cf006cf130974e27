import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { globbed, isGlob } from "./globs.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-globs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  mkdirSync(join(folder, "inner", "deep"), { recursive: true });
  const names = ["a.jpg", "a (1).jpg", "a[1.jpg", "a{b.jpg", "a{b,c.jpg", "b.png", "c.jpg", "z.jpg"];
  for (const name of [...names, "inner/a.jpg", "inner/deep/a.jpg"]) writeFileSync(join(folder, name), "");
});

const found = (pattern: string): string[] =>
  [...globbed(join(folder, pattern))].map((path) => relative(folder, path));

test.each([
  ["*.png", ["b.png"]],
  ["?.jpg", ["a.jpg", "c.jpg", "z.jpg"]],
  ["[ac].jpg", ["a.jpg", "c.jpg"]],
  ["[!ac].jpg", ["z.jpg"]],
  ["[a-c].*", ["a.jpg", "b.png", "c.jpg"]],
  ["{b,c}.*", ["b.png", "c.jpg"]],
  ["**/a.jpg", ["a.jpg", "inner/a.jpg", "inner/deep/a.jpg"]],
  ["*/a.jpg", ["inner/a.jpg"]],
  ["inner/**", ["inner/a.jpg", "inner/deep/a.jpg"]],
  ["*(1).jpg", ["a (1).jpg"]],
] as const)("%s", (pattern, files) => {
  expect(isGlob(pattern)).toBe(true);
  expect(found(pattern)).toEqual(files);
});

test.each([
  ["a[1*.jpg", ["a[1.jpg"]],
  ["a{b*.jpg", ["a{b,c.jpg", "a{b.jpg"]],
  ["a{b,c*.jpg", ["a{b,c.jpg"]],
  ["a}*.jpg", []],
  ["[z-a]*.jpg", []],
] as const)("%s: what is not closed, or no range, is no syntax", (pattern, files) => {
  expect(found(pattern)).toEqual(files);
});

test("nothing below what is no folder", () => {
  expect(found("gone/*.jpg")).toEqual([]);
  expect(found("a.jpg/*.jpg")).toEqual([]);
  expect([...globbed("gone/*.jpg")]).toEqual([]);
});

test("below a path that goes up again", () => {
  expect([...globbed(`${folder}/inner/../*.png`)].map((path) => relative(folder, path))).toEqual(["b.png"]);
});
