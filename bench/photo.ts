/**
 * Times one face in a photo end to end: decodes a one-megapixel JPEG, and detects, crops and classifies its face.
 *
 * `npm run build && node --import tsx bench/photo.ts MODEL`: prints the median and the 90th percentile for single photos, and the
 * photos per second for many.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { loadModel, predict, predictFiles } from "../src/predict/model.node.ts";
import { clearFace, composite } from "../test/support/composites.ts";

const PHOTOS = 60;

const [path] = process.argv.slice(2);
if (!path) throw new Error("name a model: a run folder, or an exported file");
const face = clearFace;
const { pixels, width, height } = composite(1250, 800, [{ face, x: 600, y: 400, side: 300 }]);
const folder = mkdtempSync(join(tmpdir(), "vultus-photo-"));
const file = join(folder, "photo.jpg");
await sharp(pixels, { raw: { width, height, channels: 1 } })
  .toColourspace("srgb")
  .jpeg({ quality: 90 })
  .toFile(file);
const model = await loadModel(path, { threads: 2 });
const times: number[] = [];
for (let i = 0; i < PHOTOS; i++) {
  const started = performance.now();
  const { faces } = await predict(model, file);
  times.push(performance.now() - started);
  if (faces.length !== 1) throw new Error(`${faces.length} faces were found`);
}
const sorted = times.slice(5).sort((a, b) => a - b);
const at = (share: number): string => `${(sorted[Math.floor(share * sorted.length)] ?? 0).toFixed(1)} ms`;
console.log(`one photo: median ${at(0.5)}, slowest tenth from ${at(0.9)}`);
const started = performance.now();
let count = 0;
for await (const { faces } of predictFiles(model, new Array<string>(3 * PHOTOS).fill(file)))
  count += faces.length;
console.log(`many: ${((1000 * count) / (performance.now() - started)).toFixed(1)} photos/s`);
await model.close();
rmSync(folder, { recursive: true });
