/** An image is found again by its keys, and no other image is mistaken for it. */

import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import type { Picture } from "./dataset.ts";
import { decodePicture } from "./decode.node.ts";
import { imageKey, KEY_BITS, keysToLookUp } from "./image-keys.ts";
import { drawFace } from "./synthetic.ts";
import { expressions } from "./synthetic-expression.ts";

const COUNT = 150;
const face = (seed: number): Picture =>
  drawFace(expressions[seed % expressions.length] as (typeof expressions)[number], "image keys", seed);
const faces = Array.from({ length: COUNT }, (_, i) => face(i));
const known = new Set(faces.map((one) => imageKey(one) as number));
const isKnown = (picture: Picture): boolean => keysToLookUp(picture).some((key) => known.has(key));

const encoded = ({ pixels, width, height, channels }: Picture) =>
  sharp(pixels, { raw: { width, height, channels } });

test("keys are whole numbers of 40 bits, one for each image", () => {
  expect(known.size).toBe(COUNT);
  for (const key of known) {
    expect(Number.isInteger(key)).toBe(true);
    expect(key).toBeGreaterThanOrEqual(0);
    expect(key).toBeLessThan(2 ** KEY_BITS);
  }
  expect([...known].some((key) => key >= 2 ** 32)).toBe(true);
});

test("an image is looked up under 256 keys, its own first", () => {
  const keys = keysToLookUp(face(0));
  expect(keys[0]).toBe(imageKey(face(0)));
  expect(new Set(keys).size).toBe(256);
});

test.each<[string, (image: Sharp) => Sharp, number]>([
  ["as a file without loss", (image) => image.png(), 1],
  ["as a JPEG", (image) => image.jpeg({ quality: 75 }), 0.97],
  ["twice as large", (image) => image.resize(192).png(), 0.9],
  ["half as large", (image) => image.resize(48).png(), 0.9],
])("copies are found %s", async (_, change, least) => {
  let found = 0;
  for (const one of faces) if (isKnown(await decodePicture(await change(encoded(one)).toBuffer()))) found++;
  expect(found / COUNT).toBeGreaterThanOrEqual(least);
});

test("other images, and mirrored ones, are not", async () => {
  for (let i = 0; i < COUNT; i++) expect(isKnown(face(COUNT + i)), `face ${i}`).toBe(false);
  for (const one of faces.slice(0, 50))
    expect(isKnown(await decodePicture(await encoded(one).flop().png().toBuffer()))).toBe(false);
});

test("an image without structure has no key", () => {
  const flat: Picture = { width: 40, height: 40, channels: 1, pixels: new Uint8Array(1600).fill(7) };
  expect(imageKey(flat)).toBeUndefined();
  expect(keysToLookUp(flat)).toEqual([]);
});
