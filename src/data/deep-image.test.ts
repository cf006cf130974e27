/** TIFFs of floats and wide integers decode to the same image as in 8 bits. */

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type TiffSamples, tiffOf } from "../../test/support/tiff.ts";
import { decodeFitted, decodePicture } from "./decode.node.ts";

const [width, height] = [40, 24];

/** A ramp from black to white, in different steps per channel; alpha is 200. */
function ramp(channels: TiffSamples["channels"]): number[] {
  return Array.from({ length: width * height * channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    if (channel === 3 || (channels === 2 && channel === 1)) return 200;
    return Math.round((255 * ((pixel + 7 * channel) % width)) / (width - 1));
  });
}

async function rgb(bytes: Uint8Array, maxSide?: number): Promise<number[]> {
  const { pixels, channels } = await decodePicture(bytes, maxSide === undefined ? {} : { maxSide });
  return channels === 3 ? [...pixels] : [...pixels].flatMap((value) => [value, value, value]);
}

function farthest(a: readonly number[], b: readonly number[]): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

const ranges: readonly (readonly [name: string, TiffSamples["format"], (level: number) => number])[] = [
  ["floats in 0..1", "float32", (level) => level / 255],
  ["floats that overshoot 1", "float32", (level) => (level === 255 ? 1.3 : level / 255)],
  ["floats in 0..255", "float32", (level) => level],
  ["floats in 0..65535", "float32", (level) => 257 * level],
  ["double floats in 0..1", "float64", (level) => level / 255],
  ["half floats in 0..1", "float16", (level) => level / 255],
  ["16 bits", "uint16", (level) => 257 * level],
  ["16 bits that hold 0..255", "uint16", (level) => level],
  ["signed 16 bits", "int16", (level) => Math.round((level * 32767) / 255)],
  ["signed 16 bits that hold 0..255", "int16", (level) => level],
  ["32 bits", "uint32", (level) => 0x01010101 * level],
  ["32 bits that hold 0..255", "uint32", (level) => level],
  ["32 bits that hold 0..65535", "uint32", (level) => 257 * level],
  ["signed 32 bits", "int32", (level) => Math.round((level * (2 ** 31 - 1)) / 255)],
  ["signed 32 bits that hold 0..255", "int32", (level) => level],
];

test("a PNG of 16 bits that hold 0..255 is as in 8 bits, and one that holds more is as it says", async () => {
  const levels = ramp(1);
  const png = (valueOf: (level: number) => number): Promise<Buffer> =>
    sharp(Uint16Array.from(levels, valueOf), { raw: { width, height, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
  const eight = levels.flatMap((level) => [level, level, level]);
  for (const valueOf of [(level: number) => level, (level: number) => 257 * level]) {
    const bytes = await png(valueOf);
    expect(bytes[24]).toBe(16);
    expect(farthest(await rgb(bytes), eight)).toBeLessThanOrEqual(1);
  }
});

describe.each([1, 2, 3, 4] as const)("%d channels", (channels) => {
  const levels = ramp(channels);
  const eight = tiffOf({ width, height, channels, format: "uint8", samples: levels });

  test.each(ranges)("%s: as in 8 bits, within a level", async (_, format, valueOf) => {
    const bytes = tiffOf({ width, height, channels, format, samples: levels.map(valueOf) });
    const expected = await rgb(eight);
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(150);
    expect(farthest(await rgb(bytes), expected)).toBeLessThanOrEqual(1);
    expect(farthest(await rgb(bytes, 12), await rgb(eight, 12))).toBeLessThanOrEqual(1);
  });

  test.each(["float32", "float64"] as const)("%s, big-endian and deflated", async (format) => {
    const samples = levels.map((level) => level / 255);
    for (const options of [{ big: true }, { deflated: true }, { big: true, deflated: true }]) {
      const bytes = tiffOf({ width, height, channels, format, samples, ...options });
      expect(farthest(await rgb(bytes), await rgb(eight))).toBeLessThanOrEqual(1);
    }
  });
});

test("64-bit floats that are cut off or in tiles are reported as what they are", async () => {
  const samples = ramp(3).map((level) => level / 255);
  const bytes = tiffOf({ width, height, channels: 3, format: "float64", samples });
  await expect(decodePicture(bytes.subarray(0, bytes.length - 100))).rejects.toThrow(
    "its samples are truncated",
  );
  const claims = bytes.slice();
  new DataView(claims.buffer).setUint32(18, 20_000, true);
  new DataView(claims.buffer).setUint32(30, 20_000, true);
  await expect(decodePicture(claims)).rejects.toThrow("its samples are truncated");
  const tiled = bytes.slice();
  // The tag of strips becomes the tag of tiles.
  tiled[10 + 12 * 5] = 324 & 255;
  tiled[10 + 12 * 5 + 1] = 324 >> 8;
  await expect(decodePicture(tiled)).rejects.toThrow("save it with uncompressed 32-bit floats");
});

test("NaN and negative samples are black, infinite ones white; they change no other pixel", async () => {
  const samples = ramp(3).map((level) => level / 255);
  const odd = [Number.NaN, -3, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const bytes = tiffOf({
    ...{ width, height, channels: 3, format: "float32" },
    samples: samples.map((value, i) => odd[i] ?? value),
  });
  const [pixels, whole] = [
    await rgb(bytes),
    await rgb(tiffOf({ width, height, channels: 3, format: "float32", samples })),
  ];
  expect(pixels.slice(0, 4)).toEqual([0, 0, 0, 255]);
  expect(pixels.slice(4)).toEqual(whole.slice(4));
});

test("what is black throughout stays black, and a dark image is not stretched", async () => {
  const of = (format: TiffSamples["format"], value: number): Promise<number[]> =>
    rgb(tiffOf({ width, height, channels: 1, format, samples: new Array(width * height).fill(value) }));
  expect((await of("float32", 0))[0]).toBe(0);
  expect((await of("float32", 20 / 255))[0]).toBe(20);
  expect((await of("float32", 20))[0]).toBe(20);
  expect((await of("uint16", 20 * 257))[0]).toBe(20);
});

test("a linear profile is obeyed: half the light is level 188", async () => {
  const icc = new Uint8Array(160);
  const view = new DataView(icc.buffer);
  view.setUint32(128, 1);
  icc.set(new TextEncoder().encode("rTRC"), 132);
  view.setUint32(136, 144);
  icc.set(new TextEncoder().encode("curv"), 144);
  const samples = new Array<number>(3 * width * height).fill(0.5);
  const linear = tiffOf({ width, height, channels: 3, format: "float32", samples, icc });
  expect((await rgb(linear))[0]).toBe(188);
  const plain = tiffOf({ width, height, channels: 3, format: "float32", samples });
  expect((await rgb(plain))[0]).toBe(128);
});

test("a photo of 20 megapixels is reduced, and its own size is reported", async () => {
  const [width, height] = [5000, 4000];
  const samples = new Array<number>(width * height).fill(0.25);
  const bytes = tiffOf({ width, height, channels: 1, format: "float32", samples });
  const { picture, ...size } = await decodeFitted(bytes, 4e6);
  expect(size).toEqual({ width, height });
  expect(picture.width * picture.height).toBeLessThan(4.01e6);
  expect(picture.pixels[1000]).toBe(64);
});
