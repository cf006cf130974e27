/**
 * Writes the training data of the shipped models: FER2013's images of six classes with the votes of FER+'s ten people, and for
 * training the data set's label as one more vote.
 *
 *     node --import tsx bench/shipped/votes.ts DATA VOTES EXCLUDE OUT
 *
 * DATA is FER2013 with train/ and validation/, VOTES is FER+'s table, whose column `path` is relative to DATA's parent, EXCLUDE
 * lists training images to leave out, OUT is the manifest. Training leaves out images that fewer than three people assigned to
 * one of the classes, or that more people called `unknown` or `not_a_face`. Validation keeps the people's votes unchanged, and
 * only images for which one of the six classes has more votes than any other.
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readCsvRows } from "../../src/formats/csv.node.ts";
import { csvRow } from "../../src/formats/csv.ts";
import { writeFileAtomic } from "../../src/util/files.node.ts";

const CLASSES = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
const NO_CLASS = ["unknown", "not_a_face"];
const LEAST_VOTES = 3;

const [data, votes, exclude, out] = process.argv.slice(2);
if (!data || !votes || !exclude || !out) throw new Error("votes.ts DATA VOTES EXCLUDE OUT");
const left = new Set(readFileSync(exclude, "utf8").split("\n"));
const lines = [csvRow(["path", "split", ...CLASSES])];
const counted = { train: 0, validation: 0 };

for await (const { cells } of readCsvRows(votes, ["path", ...CLASSES, ...NO_CLASS])) {
  const numbers = (names: readonly string[]): number[] => names.map((name) => Number(cells[name] || 0));
  // images/train/angry/1.jpg: the folder's name is the label.
  const path = (cells.path as string).split("/").slice(-3);
  const [split, label] = path;
  const counts = numbers(CLASSES);
  const sum = counts.reduce((a, b) => a + b, 0);
  if (split === "train") {
    const unsure = numbers(NO_CLASS).reduce((a, b) => a + b, 0);
    const own = CLASSES.indexOf(label as string);
    if (own < 0 || sum < LEAST_VOTES || unsure > sum || left.has(path.join("/"))) continue;
    counts[own] = (counts[own] as number) + 1;
  } else {
    const most = Math.max(...counts);
    if (most === 0 || counts.filter((count) => count === most).length > 1) continue;
  }
  counted[split as keyof typeof counted]++;
  lines.push(csvRow([resolve(data, ...path), split as string, ...counts.map(String)]));
}
writeFileAtomic(out, `${lines.join("\n")}\n`);
console.log(`${out}: ${counted.train} images to train on, ${counted.validation} to validate on`);
