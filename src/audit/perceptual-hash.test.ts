/** Thumbnails, hashes and their index: exact properties, and what the search must find. */

import { describe, expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import {
  BITS,
  distance,
  hashOf,
  meanFrequencies,
  mirrorMask,
  transform,
  WORDS,
  wholePicture,
} from "../data/perceptual-hash.ts";
import { drawFace } from "../data/synthetic.ts";
import { expressions } from "../data/synthetic-expression.ts";
import { greyOf, SIDE, shrunk, thumbnail } from "../data/thumbnail.ts";
import { random } from "../util/random.ts";
import { alignedCorrelation } from "./align.ts";
import { indexHashes } from "./hash-index.ts";

const frequenciesOf = transform([wholePicture]);
const first = (small: Uint8Array): Float32Array => frequenciesOf(small)[0] as Float32Array;

function mirrored(small: Uint8Array): Uint8Array {
  return small.map((_, i) => small[i - (i % SIDE) + SIDE - 1 - (i % SIDE)] as number);
}

function face(number: number): Uint8Array {
  return thumbnail(greyOf(drawFace(expressions[number % expressions.length] ?? "happy", "hash", number)));
}

describe("a thumbnail", () => {
  test.each([
    [5, 7],
    [24, 24],
    [47, 31],
    [300, 211],
  ])("of %i × %i pixels keeps the mean", (width, height) => {
    const rng = random("thumbnail", width);
    const pixels = Uint8Array.from({ length: width * height }, () => rng.integer(256));
    const picture: Picture = { pixels, width, height, channels: 1 };
    const mean = (values: ArrayLike<number>): number =>
      Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    expect(mean(shrunk(picture, SIDE, SIDE))).toBeCloseTo(mean(pixels), 8);
  });

  test("of a coloured image is its luma", () => {
    const pixels = Uint8Array.from([255, 0, 0, 0, 255, 0]);
    const small = shrunk({ pixels, width: 2, height: 1, channels: 3 }, 2, 1);
    expect([...small].map(Math.round)).toEqual([76, 150]);
  });
});

describe("a hash", () => {
  test("of the mirror image is the hash with the mask's bits turned", () => {
    const faces = Array.from({ length: 50 }, (_, i) => face(i));
    const mean = meanFrequencies(faces.map(first));
    for (const small of faces) {
      const centred = (values: Float32Array): Float32Array => values.map((v, i) => v - (mean[i] as number));
      const own = hashOf(centred(first(small)));
      const expected = own.map((word, i) => word ^ (mirrorMask[i] as number));
      expect(hashOf(centred(first(mirrored(small))))).toEqual(expected);
    }
  });

  test("ignores brightness and contrast", () => {
    const small = face(3);
    const darker = small.map((value) => Math.floor(value / 2) + 10);
    const even = small.map((value) => value - (value % 2));
    expect(distance(hashOf(first(even)), 0, hashOf(first(darker)), 0)).toBe(0);
  });

  test("of a constant is zero", () => {
    const values = first(new Uint8Array(SIDE * SIDE).fill(200));
    expect(Math.max(...values.map(Math.abs))).toBe(0);
  });
});

describe("the index", () => {
  const count = 3000;
  const rng = random("hash index");
  const values = Array.from({ length: count }, () => Float32Array.from({ length: BITS }, () => rng.normal()));
  const hashes = new Uint32Array(count * WORDS);
  for (const [i, one] of values.entries()) hashes.set(hashOf(one), i * WORDS);
  const index = indexHashes(hashes);

  test("finds the hash itself, and only hashes within the radius", () => {
    for (const [i, one] of values.entries()) {
      const hash = hashOf(one);
      const near = index.near(hash, one, 20);
      expect(near.has(i)).toBe(true);
      for (const j of near) expect(distance(hash, 0, hashes, j * WORDS)).toBeLessThanOrEqual(20);
    }
  });

  test("finds a hash through one word whose weakest bits alone differ", () => {
    for (const [i, one] of values.slice(0, 200).entries()) {
      const asked = one.slice();
      // The second and third word each have a strong wrong bit; the first has two wrong bits among its weakest.
      for (const word of [1, 2]) asked[word] = 5 * -Math.sign(asked[word] as number);
      const order = Array.from({ length: BITS / WORDS }, (_, place) => WORDS * place).sort(
        (a, b) => Math.abs(asked[a] as number) - Math.abs(asked[b] as number),
      );
      for (const bit of [order[0], order[4]]) asked[bit as number] = -(asked[bit as number] as number);
      expect(index.near(hashOf(asked), asked, 14).has(i)).toBe(true);
    }
  });

  test("compares a hash with few others", () => {
    const before = index.compared();
    for (const one of values) index.near(hashOf(one), one, 14);
    expect((index.compared() - before) / count).toBeLessThan(0.02 * count);
  });
});

test("alignment recovers a mirrored part of an image, and not of another", () => {
  const picture = drawFace("happy", "align", 1);
  const side = 44;
  const pixels = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++)
      pixels[y * side + side - 1 - x] = picture.pixels[(y + 1) * 48 + x + 3] as number;
  }
  const part = thumbnail(greyOf({ pixels, width: side, height: side, channels: 1 }));
  const start = { window: wholePicture, mirrored: true };
  expect(alignedCorrelation(thumbnail(greyOf(picture)), part, start)).toBeGreaterThan(0.97);
  expect(alignedCorrelation(face(2), part, start)).toBeLessThan(0.93);
});
