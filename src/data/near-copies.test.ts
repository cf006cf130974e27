/** Near copies are found among images, and other images are not mistaken for copies. */

import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import type { Picture } from "./dataset.ts";
import { decodePicture } from "./decode.node.ts";
import { NearCopies } from "./near-copies.ts";
import { drawFace } from "./synthetic.ts";
import { expressions } from "./synthetic-expression.ts";

const face = (seed: number): Picture =>
  drawFace(expressions[seed % expressions.length] as (typeof expressions)[number], "near copies", seed);

async function changed({ pixels, width, height, channels }: Picture, change: (image: Sharp) => Sharp) {
  const image = sharp(pixels, { raw: { width, height, channels } });
  return decodePicture(await change(image).toBuffer());
}

test("recompressed and reduced copies join their image, in any order; other images stay alone", async () => {
  const near = new NearCopies();
  for (let i = 0; i < 60; i++) {
    near.add(`${i} jpeg`, await changed(face(i), (image) => image.jpeg({ quality: 80 })));
    near.add(`${i}`, face(i));
    near.add(`${i} thumbnail`, await changed(face(i), (image) => image.resize(48).png()));
  }
  const groups = near.groups();
  const together = (a: string, b: string): boolean => groups.get(a) === groups.get(b);
  const all = Array.from({ length: 60 }, (_, i) => i);
  expect(all.filter((i) => together(`${i}`, `${i} jpeg`)).length).toBeGreaterThan(57);
  expect(all.filter((i) => together(`${i}`, `${i} thumbnail`)).length).toBeGreaterThan(54);
  for (const i of all.slice(1)) expect(together(`${i}`, `${i - 1}`), `faces ${i - 1} and ${i}`).toBe(false);
});

test("images without structure are no copies of each other", () => {
  const near = new NearCopies();
  const flat: Picture = { width: 9, height: 9, channels: 1, pixels: new Uint8Array(81).fill(3) };
  near.add("a", flat);
  near.add("b", flat);
  expect(near.groups().size).toBe(0);
});
