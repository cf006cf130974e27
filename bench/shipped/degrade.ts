/**
 * Adds camera corruptions to a table of training images: a copy of every other image, corrupted in one of eight ways at a
 * severity from 1 to 4, with the same votes. Validation images stay unchanged.
 *
 *     node --import tsx bench/shipped/degrade.ts VOTES.csv OUT
 *
 * writes OUT/votes.csv and the copies next to it.
 */

import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Picture } from "../../src/data/dataset.ts";
import { corruptions } from "../../src/evaluate/corruptions/registry.node.ts";
import { readCsvRows } from "../../src/formats/csv.node.ts";
import { csvRow } from "../../src/formats/csv.ts";
import { makeFolder, writeFileAtomic } from "../../src/util/files.node.ts";
import { random } from "../../src/util/random.ts";
import { sharp } from "../../src/util/sharp.node.ts";

const CLASSES = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
/** Corruptions that phones, webcams and messengers cause. The others that `vultus evaluate --robustness` measures stay unseen. */
const KINDS = [
  "gaussian-noise",
  "shot-noise",
  "blur",
  "motion-blur",
  "down-scaling",
  "jpeg",
  "darker",
  "contrast",
];
const MOST_SEVERE = 4;

const [votes, out] = process.argv.slice(2);
if (!votes || !out) throw new Error("usage: node --import tsx bench/shipped/degrade.ts VOTES.csv OUT");
const chosen = KINDS.map((kind) => {
  const found = corruptions.find(({ name }) => name === kind);
  if (!found) throw new Error(`there is no corruption ${kind}`);
  return found;
});
makeFolder(join(out, "copies"));
const lines = [csvRow(["path", "split", ...CLASSES])];
const copies: string[] = [];
for await (const { cells } of readCsvRows(votes, ["path", "split", ...CLASSES])) {
  const path = cells.path as string;
  const counts = CLASSES.map((name) => cells[name] as string);
  lines.push(csvRow([path, cells.split as string, ...counts]));
  // The first row, the third, …
  if (cells.split !== "train" || lines.length % 2 === 1) continue;
  const rng = random("degraded copy", path);
  const corruption = chosen[rng.integer(chosen.length)] as (typeof chosen)[number];
  const value = corruption.values[rng.integer(MOST_SEVERE)] as number;
  const { width, height, channels, pixels } = await corruption.apply(await grey(path), value, rng);
  const name = `${createHash("sha256").update(path).digest("hex").slice(0, 16)}.png`;
  await sharp(pixels, { raw: { width, height, channels } })
    .png()
    .toFile(join(out, "copies", name));
  copies.push(csvRow([resolve(out, "copies", name), "train", ...counts]));
}
writeFileAtomic(join(out, "votes.csv"), `${[...lines, ...copies].join("\n")}\n`);
console.log(`${copies.length} copies beside ${lines.length - 1} images`);

async function grey(path: string): Promise<Picture> {
  const { data, info } = await sharp(path).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  return { pixels: new Uint8Array(data), width: info.width, height: info.height, channels: 1 };
}
