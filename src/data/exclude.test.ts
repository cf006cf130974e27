/** Lists of samples to leave out: what is removed, which notes are given, and what is refused. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Dataset, fingerprintOf, type Sample } from "./dataset.ts";
import { excludeListed } from "./exclude.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-exclude-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function listOf(text: string): string {
  const path = join(folder, "exclude.txt");
  writeFileSync(path, text);
  return path;
}

const samples: Sample[] = ["happy/1.png", "happy/2.png", "# 3/sad.png", "#4/sad.png"].map((id, i) => ({
  id,
  source: { kind: "file", path: id },
  label: i < 2 ? 0 : 1,
  split: "train",
}));
const classes = ["happy", "sad"];
const fingerprint = fingerprintOf(classes, samples);
const dataset: Dataset = { sources: ["x"], classes, samples, leftOut: [], notes: ["a"], fingerprint };

test("the listed samples are gone, comments and empty lines mean nothing, and unknown ids are counted", () => {
  const path = listOf("# why\n\nhappy/2.png\r\n#4/sad.png\nfear/9.png\n");
  const left = excludeListed(dataset, path);
  expect(left.samples.map(({ id }) => id)).toEqual(["happy/1.png", "# 3/sad.png"]);
  expect(left.notes).toEqual(["a", `2 images left out by ${path}`, `1 id of ${path} is not in the data`]);
  expect(left.fingerprint).not.toBe(fingerprint);
});

test("an empty list changes nothing but the notes", () => {
  expect(excludeListed(dataset, listOf("# nothing\n"))).toMatchObject({ samples, fingerprint });
});

test("a list for other data, one that empties a class, and one that is not there are refused", () => {
  expect(() => excludeListed(dataset, listOf("sad/8.png\n"))).toThrow(
    /none of its 1 id is in the data.*happy\/1/,
  );
  expect(() => excludeListed(dataset, listOf("happy/1.png\nhappy/2.png\n"))).toThrow(
    /no training images of "happy"/,
  );
  expect(() => excludeListed(dataset, join(folder, "gone.txt"))).toThrow(/gone\.txt cannot be read/);
});
