/** Labels that a person corrected: the file, its effect on a data set, and what is refused. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCorrections } from "./corrections.node.ts";
import { type Correction, correctionsText } from "./corrections.ts";
import { type ReadOptions, readDataset } from "./read.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-corrections-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const photos = join(folder, "photos");
for (const name of [
  "happy/1",
  "happy/2",
  "happy/a, b",
  "sad/1",
  "sad/2",
  "disgust/1",
  "test/happy/9",
  "test/sad/9",
]) {
  const path = join(photos, name.startsWith("test") ? name : `train/${name}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.png`, "");
}

function file(...rows: string[]): string {
  const path = join(folder, "corrections.csv");
  writeFileSync(path, `${["image,old_label,new_label,when", ...rows].join("\n")}\n`);
  return path;
}

async function labels(path: string, options: ReadOptions = {}) {
  const { classes, samples, notes, fingerprint } = await readDataset([photos], {
    ...options,
    corrections: path,
  });
  return { of: Object.fromEntries(samples.map(({ id, label }) => [id, classes[label]])), notes, fingerprint };
}

test("images are relabelled, left out and kept; the rest stays as it is", async () => {
  const path = file(
    "train/happy/1.png,happy,sad,2026-11-30T05:00:00Z",
    "train/sad/2.png,sad,,",
    "train/sad/1.png,sad,sad,",
  );
  const { of, notes, fingerprint } = await labels(path);
  expect(of).toEqual({
    "train/happy/1.png": "sad",
    "train/happy/2.png": "happy",
    "train/happy/a, b.png": "happy",
    "train/sad/1.png": "sad",
    "train/disgust/1.png": "disgust",
    "test/happy/9.png": "happy",
    "test/sad/9.png": "sad",
  });
  expect(notes).toContain(`${path}: 1 image relabelled, 1 left out`);
  expect(fingerprint).not.toBe((await readDataset([photos])).fingerprint);
});

test("the file that is written is read back, commas and decisions included", async () => {
  const decided: [string, Correction][] = [
    [
      "train/happy/a, b.png",
      { decision: { kind: "relabel", label: "sad" }, from: "happy", when: "2026-11-30T05:00:00.000Z" },
    ],
    ["train/happy/1.png", { decision: { kind: "keep" }, from: "happy", when: "" }],
    ["train/happy/2.png", { decision: { kind: "leave out" }, from: "happy", when: "" }],
  ];
  const path = join(folder, "written.csv");
  writeFileSync(path, correctionsText(new Map(decided)));
  expect([...(await readCorrections(path))]).toEqual(decided);
});

test("an image of a class that is not used comes in under its new label, and one that gets such a class goes", async () => {
  const path = file("train/disgust/1.png,disgust,sad,", "train/happy/1.png,happy,disgust,");
  const { of, notes } = await labels(path, { classes: ["happy", "sad"] });
  expect(of["train/disgust/1.png"]).toBe("sad");
  expect(of["train/happy/1.png"]).toBeUndefined();
  expect(notes).toContain('class "disgust" left out: 1 image');
});

test("labels that have changed since are not overruled; unknown images and test images are counted", async () => {
  const path = file(
    "train/happy/1.png,disgust,sad,",
    "train/gone/7.png,sad,happy,",
    "test/happy/9.png,happy,sad,",
    "train/sad/1.png,happy,sad,",
  );
  const { of, notes } = await labels(path);
  expect(of).toMatchObject({
    "train/happy/1.png": "happy",
    "test/happy/9.png": "sad",
    "train/sad/1.png": "sad",
  });
  expect(notes.filter((note) => note.startsWith(path))).toEqual([
    `${path}: 1 image relabelled, 0 left out`,
    `${path}: 1 of them is a validation or test image: scores are not comparable with those on the original labels`,
    `${path}: the label of 1 image has changed since it was reviewed; the data's label is used`,
    `${path}: 1 image is not in the data`,
  ]);
});

test("the last row of an image counts", async () => {
  const { of } = await labels(file("train/happy/1.png,happy,,", "train/happy/1.png,happy,sad,"));
  expect(of["train/happy/1.png"]).toBe("sad");
});

test("votes give way to a person's label, and stay if it is the same", async () => {
  const table = join(folder, "votes.csv");
  writeFileSync(table, "path,happy,sad\na.png,7,3\nb.png,6,4\nc.png,1,9\n");
  const path = file("a.png,happy,sad,", "b.png,happy,happy,");
  const { samples, classes } = await readDataset([table], { corrections: path });
  expect(samples.map(({ label, votes }) => [classes[label], votes])).toEqual([
    ["sad", undefined],
    ["happy", [0.6, 0.4]],
    ["sad", [0.1, 0.9]],
  ]);
});

test("a known emotion that the folder lacks becomes a class", async () => {
  const { of } = await labels(file("train/happy/1.png,happy,fear,"));
  expect(of["train/happy/1.png"]).toBe("fear");
});

test("an unknown class, a table of another kind and incomplete rows are refused", async () => {
  await expect(labels(file("train/happy/1.png,happy,sadd,"))).rejects.toThrow(
    /no class "sadd"\. Did you mean "sad"\?.*disgust, happy, sad/,
  );
  await expect(labels(file(",happy,sad,"))).rejects.toThrow(/row 2: image is empty/);
  await expect(labels(file("train/happy/1.png,,sad,"))).rejects.toThrow(/row 2: old_label is empty/);
  const other = join(folder, "other.csv");
  writeFileSync(other, "path,label\na,b\n");
  await expect(labels(other)).rejects.toThrow(/has the columns path, label\. Expected image, old_label/);
  await expect(labels(join(folder, "none.csv"))).rejects.toThrow(/none\.csv cannot be read/);
});
