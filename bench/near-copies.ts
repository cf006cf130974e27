/**
 * Measures how long a training searches for near-duplicates before it cuts splits, compared with reading the images:
 *
 *     node --import tsx bench/near-copies.ts DATA
 */

import { tmpdir } from "node:os";
import { NearCopies } from "../src/data/near-copies.ts";
import { loadPixels } from "../src/data/pixel-cache.node.ts";
import { readDataset } from "../src/data/read.node.ts";

const [data] = process.argv.slice(2);
if (!data) throw new Error("usage: node --import tsx bench/near-copies.ts DATA");
const { samples } = await readDataset([data]);
const began = performance.now();
const pixels = await loadPixels(samples, { memoryBudget: 2e9, spillDir: tmpdir() });
const read = performance.now();
const near = new NearCopies();
for (const [index, { id }] of pixels.samples.entries()) near.add(id, pixels.get(index));
const sizes = new Map<string, number>();
for (const group of near.groups().values()) sizes.set(group, (sizes.get(group) ?? 0) + 1);
const ended = performance.now();
const groups = [...sizes.values()].filter((size) => size > 1);
pixels.close();
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
console.log(
  `${pixels.samples.length} images: read in ${seconds(read - began)}, near copies in ${seconds(ended - read)}; ` +
    `${groups.length} groups, at most ${Math.max(0, ...groups)} images in one`,
);
