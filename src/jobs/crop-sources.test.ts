/** Lists of photos are read in the same way as lists of labelled images. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { FormatError, UsageError } from "../util/errors.ts";
import { cropSources } from "./crop-sources.ts";

const root = mkdtempSync(join(tmpdir(), "vultus-lists-"));
afterAll(() => rmSync(root, { recursive: true }));
const out = join(root, "out");

function make(path: string, text = ""): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
}

test.each([
  ["columns of other names", "a.csv", "emotion;file\nhappy;happy/1.jpg\nsad;sad/1.jpg\n"],
  ["backslashes", "b.csv", "path,label\nhappy\\1.jpg,happy\nsad\\1.jpg,sad\n"],
  ["tabs", "c.tsv", "image\tlabel\nhappy/1.jpg\thappy\nsad/1.jpg\tsad\n"],
  ["paths of another machine", "d.csv", "path,label\n/kaggle/x/happy/1.jpg,happy\n/kaggle/x/sad/1.jpg,sad\n"],
  ["paths without endings", "e.csv", "path\nhappy/1\nsad/1\n"],
])("%s", async (_, name, text) => {
  for (const photo of ["happy/1.jpg", "sad/1.jpg"]) make(photo);
  const [source] = await cropSources([make(name, text)], out);
  expect(source?.photos.map(({ path }) => relative(root, path))).toEqual(["happy/1.jpg", "sad/1.jpg"]);
  expect(source?.photos.map((photo) => photo.name.replace(/\.jpg$/, ""))).toEqual(["happy/1", "sad/1"]);
  expect(source?.manifest?.rows.map(({ photo }) => photo)).toEqual(source?.photos.map(({ path }) => path));
});

test.each([
  [
    "none of whose photos is there",
    "f/f.csv",
    "path\ngone/1.jpg\n",
    UsageError,
    /none of the 1 image listed/,
  ],
  ["of addresses", "g.csv", "path\nhttps://x.org/1.jpg\n", FormatError, /row 2: .* is a URL/],
  ["without paths", "h.csv", "name,label\na,sad\n", FormatError, /has the columns name, label/],
  ["in a spreadsheet", "i.xlsx", "PK", UsageError, /is a spreadsheet/],
  ["in an archive", "j.zip", "PK", UsageError, /is an archive: unpack it/],
])("a list %s is refused", async (_, name, text, kind, message) => {
  const path = make(name, text);
  await expect(cropSources([path], out)).rejects.toThrow(kind);
  await expect(cropSources([path], out)).rejects.toThrow(message);
});
