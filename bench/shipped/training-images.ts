/**
 * Records which images the shipped models were trained on:
 *
 *     node --import tsx bench/shipped/training-images.ts DATA EXCLUDE [--check]
 *
 * DATA and EXCLUDE are those of bench/shipped/train.sh. `models/fer2013-<digest>.images` then holds a key of each image, and the
 * metadata of the models names that file. With --check nothing is written: it measures the hits and false alarms of the set, on
 * copies of training images and on the validation images of DATA.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Picture, Sample } from "../../src/data/dataset.ts";
import { decodePicture } from "../../src/data/decode.node.ts";
import { decodeAll } from "../../src/data/decode-all.node.ts";
import { imageKey, keysToLookUp } from "../../src/data/image-keys.ts";
import { readDataset } from "../../src/data/read.node.ts";
import { greyOf, thumbnail } from "../../src/data/thumbnail.ts";
import { decodeModel, metadataOf, withMetadata } from "../../src/onnx/model.ts";
import { encodeNumbers } from "../../src/util/number-set.ts";
import { random } from "../../src/util/random.ts";
import { sharp } from "../../src/util/sharp.node.ts";
import type { TrainingImagesRecord } from "../../src/weights/training-images.ts";

const CLASSES = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
const MODELS = ["vultus_m", "vultus_s"];
/** Training images that are copied to measure how many are recognised. */
const COPIED = 500;

const copies: Readonly<Record<string, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  "the file itself": async (bytes) => bytes,
  "JPEG again, quality 90": (bytes) => sharp(bytes).jpeg({ quality: 90 }).toBuffer(),
  "JPEG again, quality 75": (bytes) => sharp(bytes).jpeg({ quality: 75 }).toBuffer(),
  "JPEG again, quality 50": (bytes) => sharp(bytes).jpeg({ quality: 50 }).toBuffer(),
  "enlarged to 224 px, cubic": (bytes) => sharp(bytes).resize(224, 224).png().toBuffer(),
  "enlarged to 96 px, linear, JPEG 85": (bytes) =>
    sharp(bytes).resize(96, 96, { kernel: "linear" }).jpeg({ quality: 85 }).toBuffer(),
  "reduced to 40 px": (bytes) => sharp(bytes).resize(40, 40).png().toBuffer(),
  "brighter by a tenth": (bytes) => sharp(bytes).linear(1.1, 10).png().toBuffer(),
  "mirrored (meant to be another image)": (bytes) => sharp(bytes).flop().png().toBuffer(),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean" } },
});
const [data, exclude] = positionals;
if (!data || !exclude)
  throw new Error("usage: node --import tsx bench/shipped/training-images.ts DATA EXCLUDE [--check]");
const folder = new URL("../../models/", import.meta.url);
const { samples } = await readDataset([data], { classes: CLASSES, exclude });
const training = samples.filter(({ split }) => split === "train");
const keys = new Map<number, Picture>();
await decodeAll(training, {}, (_, picture) => {
  const key = imageKey(picture);
  if (key !== undefined) keys.set(key, picture);
});
const counts = CLASSES.map(
  (name, label) => `${name} ${training.filter((one) => one.label === label).length}`,
);
console.log(`${training.length} training images (${counts.join(", ")}), ${keys.size} keys`);

if (values.check) await check();
else write();

function write(): void {
  const bytes = encodeNumbers(keys.keys());
  const name = `fer2013-${createHash("sha256").update(bytes).digest("hex").slice(0, 8)}`;
  for (const old of readdirSync(folder)) if (old.endsWith(".images")) rmSync(new URL(old, folder));
  writeFileSync(new URL(`${name}.images`, folder), bytes);
  console.log(
    `${name}.images: ${bytes.length} bytes, ${((8 * bytes.length) / keys.size).toFixed(1)} bits an image`,
  );
  const record: TrainingImagesRecord = { format: 1, sets: [name], complete: true };
  for (const model of MODELS) {
    const file = new URL(`${model}.onnx`, folder);
    const before = readFileSync(file);
    const metadata = metadataOf(decodeModel(before, model));
    const after = withMetadata(before, model, { ...metadata, training_images: JSON.stringify(record) });
    writeFileSync(file, after);
    console.log(`${model}.onnx: ${before.length} → ${statSync(file).size} bytes`);
  }
}

async function check(): Promise<void> {
  const held = samples.filter(({ split }) => split === "validation");
  let found = 0;
  let alike = 0;
  await decodeAll(held, {}, (_, picture) => {
    const match = matchOf(picture);
    if (!match) return;
    found++;
    if (correlation(thumbnail(greyOf(picture)), thumbnail(greyOf(match))) >= 0.945) alike++;
  });
  console.log(
    `validation: ${found} of ${held.length} found, ${alike} of them near copies by their correlation`,
  );
  const noise = 20_000;
  let chance = 0;
  for (let i = 0; i < noise; i++) chance += matchOf(noisePicture(i)) ? 1 : 0;
  console.log(`random images: ${chance} of ${noise} found`);
  const copied = training.filter((_, i) => i % Math.floor(training.length / COPIED) === 0);
  for (const [form, copy] of Object.entries(copies)) {
    let again = 0;
    for (const sample of copied) again += matchOf(await decodePicture(await copy(bytesOf(sample)))) ? 1 : 0;
    console.log(`${form}: ${((100 * again) / copied.length).toFixed(1)} % of ${copied.length} found`);
  }
}

function matchOf(picture: Picture): Picture | undefined {
  const key = keysToLookUp(picture).find((one) => keys.has(one));
  return key === undefined ? undefined : keys.get(key);
}

function bytesOf({ source }: Sample): Uint8Array {
  if (source.kind !== "file") throw new Error("DATA must be a folder");
  return readFileSync(source.path);
}

/** Soft noise, as different from a face as an image can be. */
function noisePicture(i: number): Picture {
  const rng = random("noise", i);
  return {
    width: 12,
    height: 12,
    channels: 1,
    pixels: Uint8Array.from({ length: 144 }, () => rng.integer(256)),
  };
}

function correlation(a: Uint8Array, b: Uint8Array): number {
  const centred = (values: Uint8Array): number[] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return Array.from(values, (value) => value - mean);
  };
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  const [x, y] = [centred(a), centred(b)];
  return product(x, y) / Math.sqrt(product(x, x) * product(y, y));
}
