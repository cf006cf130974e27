import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type * as FileSystem from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { encode } from "bmp-ts";
import sharp, { type Sharp } from "sharp";
import { afterAll, describe, expect, test, vi } from "vitest";
import { tiffOf } from "../../test/support/tiff.ts";
import { FormatError, VultusError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import type { Sample } from "./dataset.ts";
import { decodePicture, readPicture } from "./decode.node.ts";
import { checkUnreadable, decodeAll } from "./decode-all.node.ts";

/** Paths that cannot be read, with the error code; neither root nor an intact disk would meet such errors. */
const unreadable = vi.hoisted(() => new Map<unknown, string>());

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof FileSystem>();
  return {
    ...real,
    async readFile(...args: Parameters<typeof real.readFile>) {
      const code = unreadable.get(args[0]);
      if (code) throw Object.assign(new Error(`${code}: as injected, read`), { code });
      return real.readFile(...args);
    },
  };
});

const dir = mkdtempSync(join(tmpdir(), "vultus-decode-"));
afterAll(() => rmSync(dir, { recursive: true }));

const orange = [200, 100, 30];

function flat(colour: readonly number[], width = 16, height = 16): Sharp {
  const data = Buffer.from(Array.from({ length: width * height }, () => colour).flat());
  return sharp(data, { raw: { width, height, channels: colour.length as 1 | 2 | 3 | 4 } });
}

/** Noise does not compress, so truncating or damaging the bytes damages pixels. */
function noise(side = 64): Sharp {
  const rng = random("decode test");
  const data = Buffer.from(Array.from({ length: side * side * 3 }, () => rng.integer(256)));
  return sharp(data, { raw: { width: side, height: side, channels: 3 } });
}

async function expectColour(bytes: Uint8Array, colour: readonly number[], tolerance: number): Promise<void> {
  const picture = await decodePicture(bytes);
  expect(picture.channels).toBe(colour.length);
  expect(picture.pixels.length).toBe(picture.width * picture.height * picture.channels);
  for (const [channel, value] of colour.entries()) {
    expect(Math.abs((picture.pixels[channel] as number) - value)).toBeLessThanOrEqual(tolerance);
  }
}

describe("formats, by content", () => {
  test.each([
    ["JPEG", flat(orange).jpeg()],
    ["PNG", flat(orange).png()],
    ["WebP", flat(orange).webp()],
    ["GIF", flat(orange).gif()],
    ["TIFF", flat(orange).tiff()],
    ["AVIF", flat(orange).avif()],
    ["16-bit PNG", flat(orange).toColourspace("rgb16").png()],
    ["16-bit TIFF", flat(orange).toColourspace("rgb16").tiff()],
  ])("%s", async (_, image) => expectColour(await image.toBuffer(), orange, 3));

  test("CMYK JPEG", async () => {
    const bytes = await flat(orange).toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe("cmyk");
    // The tolerance covers what CMYK inks cannot print; inverted channels would be 100 away and more.
    await expectColour(bytes, orange, 30);
  });

  test("16-bit grey PNG becomes one 8-bit channel", async () => {
    await expectColour(await flat([200]).toColourspace("grey16").png().toBuffer(), [200], 0);
  });

  test("a colour file whose pixels are all grey becomes one channel", async () => {
    await expectColour(await flat([90, 90, 90]).png().toBuffer(), [90], 0);
  });

  test("one coloured pixel keeps three channels", async () => {
    const data = Buffer.alloc(27, 90);
    data[26] = 91;
    const bytes = await sharp(data, { raw: { width: 3, height: 3, channels: 3 } })
      .png()
      .toBuffer();
    expect((await decodePicture(bytes)).channels).toBe(3);
  });

  test("transparent pixels lie on white", async () => {
    await expectColour(
      await flat([...orange, 0])
        .png()
        .toBuffer(),
      [255],
      0,
    );
    await expectColour(
      await flat([...orange, 128])
        .png()
        .toBuffer(),
      [227, 177, 142],
      1,
    );
  });

  test.each(["gif", "webp"] as const)("animated %s: the first frame", async (format) => {
    const frames = Buffer.concat([orange, [0, 0, 255]].map((c) => Buffer.from(Array(64).fill(c).flat())));
    const bytes = await sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } })
      .toFormat(format, { lossless: true, delay: [100, 100] })
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    const picture = await decodePicture(bytes);
    expect([picture.width, picture.height]).toEqual([8, 8]);
    await expectColour(bytes, orange, 3);
  });

  test("EXIF orientation turns the image upright", async () => {
    const data = Buffer.from([255, 255, 255, 0, 0, 0]);
    const bytes = await sharp(data, { raw: { width: 2, height: 1, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    expect(await decodePicture(bytes)).toEqual({
      pixels: Uint8Array.of(255, 0),
      width: 1,
      height: 2,
      channels: 1,
    });
  });
});

describe("BMP", () => {
  // ABGR, as bmp-ts expects it: red and blue on top, green and white below.
  const pixels = [
    [0, 0, 0, 255],
    [0, 255, 0, 0],
    [0, 0, 255, 0],
    [0, 255, 255, 255],
  ];
  const rgb = Uint8Array.of(255, 0, 0, 0, 0, 255, 0, 255, 0, 255, 255, 255);

  test.each([24, 32])("%i bits", async (bitPP) => {
    const bytes = encode({ data: Buffer.from(pixels.flat()), width: 2, height: 2, bitPP }).data;
    expect((await decodePicture(bytes)).pixels).toEqual(rgb);
  });

  test("1 bit, written by hand, with a gap before the pixels", async () => {
    const bytes = Buffer.alloc(14 + 40 + 8 + 6 + 8);
    bytes.write("BM");
    bytes.writeUInt32LE(14 + 40 + 8 + 6, 10);
    for (const [value, at] of [
      [40, 14],
      [10, 18],
      [2, 22],
      [2, 46],
    ] as const)
      bytes.writeUInt32LE(value, at);
    bytes.writeUInt16LE(1, 28);
    bytes.fill(255, 58, 61);
    bytes.fill(0xaa, 62, 68);
    bytes.writeUInt16BE(0b1010101010_000000, 68);
    bytes.writeUInt16BE(0b0000000001_000000, 72);
    const picture = await decodePicture(bytes);
    expect([...picture.pixels]).toEqual([...Array(9).fill(0), 255, ...Array(5).fill([255, 0]).flat()]);
    expect(picture.channels).toBe(1);
  });

  test("damaged, compressed and oversized files say so", async () => {
    const good = encode({ data: Buffer.from(pixels.flat()), width: 2, height: 2, bitPP: 24 }).data;
    await expect(decodePicture(good.subarray(0, 60))).rejects.toThrow(/ends early/);
    await expect(decodePicture(good.subarray(0, 10))).rejects.toThrow(/ends early/);
    const huge = Buffer.from(good);
    huge.writeUInt32LE(60_000, 18);
    huge.writeUInt32LE(60_000, 22);
    await expect(decodePicture(huge)).rejects.toThrow(/ends early: 60000 × 60000/);
    const compressed = Buffer.from(good);
    compressed.writeUInt32LE(1, 30);
    await expect(decodePicture(compressed)).rejects.toThrow(/compressed BMP/);
  });
});

describe("size", () => {
  test("the shorter side is reduced, the longer in proportion", async () => {
    const bytes = await flat(orange, 120, 60).png().toBuffer();
    const { width, height } = await decodePicture(bytes, { maxSide: 30 });
    expect([width, height]).toEqual([60, 30]);
  });

  test("nothing is enlarged", async () => {
    const bytes = await flat(orange, 1, 1).png().toBuffer();
    expect(await decodePicture(bytes, { maxSide: 60 })).toEqual({
      pixels: Uint8Array.from(orange),
      width: 1,
      height: 1,
      channels: 3,
    });
    const wide = await flat(orange, 80, 20).png().toBuffer();
    expect((await decodePicture(wide, { maxSide: 60 })).width).toBe(80);
  });

  test("reduction is antialiased: a fine chequerboard turns grey", async () => {
    const data = Buffer.from(Array.from({ length: 64 * 64 }, (_, i) => ((i + (i >> 6)) % 2) * 255));
    const bytes = await sharp(data, { raw: { width: 64, height: 64, channels: 1 } })
      .png()
      .toBuffer();
    const { pixels } = await decodePicture(bytes, { maxSide: 16 });
    const inner = pixels[8 * 16 + 8] as number;
    expect(inner).toBeGreaterThan(115);
    expect(inner).toBeLessThan(140);
  });

  test("20,000 pixels wide", async () => {
    const create = { width: 20_000, height: 300, channels: 3, background: "#c8641e" } as const;
    const bytes = await sharp({ create }).jpeg().toBuffer();
    const { width, height } = await decodePicture(bytes, { maxSide: 60 });
    expect([width, height]).toEqual([4000, 60]);
  });

  test("a decompression bomb is refused by its header", async () => {
    const bytes = await flat(orange).png().toBuffer();
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    await expect(decodePicture(bytes)).rejects.toThrow(/exceeds pixel limit/);
  });

  test("pixels that a source holds are reduced too", async () => {
    const picture = { pixels: new Uint8Array(48 * 48).fill(7), width: 48, height: 48, channels: 1 } as const;
    expect(await readPicture({ kind: "pixels", picture }, { maxSide: 48 })).toBe(picture);
    const small = await readPicture({ kind: "pixels", picture }, { maxSide: 24 });
    expect(small).toEqual({ pixels: new Uint8Array(24 * 24).fill(7), width: 24, height: 24, channels: 1 });
  });
});

describe("what cannot be read says why", () => {
  test.each([
    ["empty", Buffer.alloc(0), /empty/],
    ["text", Buffer.from("hello, I am a text file"), /not an image: begins with the text "hello, I am /],
    ["SVG", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), /an SVG drawing/],
    ["other bytes", Buffer.from([0, 1, 2, 3]), /the bytes 00 01 02 03/],
    ["HEIC", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), /HEIC.*JPEG or PNG/],
  ])("%s", async (_, bytes, reason) => {
    await expect(decodePicture(bytes)).rejects.toThrow(reason);
    await expect(decodePicture(bytes)).rejects.toThrow(FormatError);
  });

  test.each([
    ["a raw file of Canon", "\0\0\0\x18ftypcrx \0\0\0\x01", "a camera raw file"],
    ["a raw file of Fujifilm", "FUJIFILMCCD-RAW 0201", "a camera raw file"],
    ["a raw file of Panasonic", "IIU\0\x18\0\0\0", "a camera raw file"],
    ["JPEG XL", "\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"],
    ["JPEG 2000", "\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"],
    ["PGM", "P5\n64 64\n255\n", "a PNM image"],
    ["Photoshop", "8BPS\0\x01", "a Photoshop image"],
    ["SVG behind a declaration", '<?xml version="1.0"?>\n<!-- by hand -->\n<svg/>', "an SVG drawing"],
    ["an icon", "\0\0\x01\0\x01\0", "an icon"],
    ["DICOM", `${"\0".repeat(128)}DICM`, "a DICOM image"],
    ["PDF", "%PDF-1.7", "a PDF document"],
  ])("%s is named, with the remedy", async (_, text, name) => {
    await expect(decodePicture(Buffer.from(text, "latin1"))).rejects.toMatchObject({
      code: "unsupported_format",
      message: `${name}, which cannot be decoded here; save it as JPEG or PNG`,
    });
  });

  test.each([
    ["a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", /git lfs pull/],
    ["a web page", "\n<!DOCTYPE html><title>404</title>", /a web page/],
    ["gzip", "\x1f\x8b\x08\0", /gunzip/],
    ["a file of zeros", "\0".repeat(100), /nothing but zeros/],
  ])("%s in place of an image", async (_, text, reason) => {
    await expect(decodePicture(Buffer.from(text, "latin1"))).rejects.toMatchObject({
      code: "not_an_image",
      message: expect.stringMatching(reason) as unknown,
    });
  });

  test("a raw file that is a TIFF is not taken for the thumbnail in it", async () => {
    const samples = new Array<number>(12).fill(90);
    const tiff = (further: Readonly<Record<number, number>>, big = false): Uint8Array =>
      tiffOf({ width: 4, height: 3, channels: 1, format: "uint8", samples, further, big });
    await expect(decodePicture(tiff({ 254: 0 }))).resolves.toMatchObject({ width: 4, height: 3 });
    for (const raw of [tiff({ 254: 1 }), tiff({ 254: 1 }, true), tiff({ 50706: 0x0401 })])
      await expect(decodePicture(raw)).rejects.toThrow("a camera raw file");
    const canon = tiff({});
    canon.set(Buffer.from("CR"), 8);
    await expect(decodePicture(canon)).rejects.toMatchObject({ code: "unsupported_format" });
  });

  test.each(["jpeg", "png", "webp", "gif", "tiff", "avif"] as const)("%s cut in half", async (format) => {
    const bytes = await noise().toFormat(format).toBuffer();
    await expect(decodePicture(bytes.subarray(0, bytes.length >> 1))).rejects.toThrow(/^damaged/);
  });

  test("corrupt PNG", async () => {
    const bytes = await noise().png().toBuffer();
    bytes.fill(0x37, 200, 2000);
    await expect(decodePicture(bytes)).rejects.toThrow(/^damaged PNG/);
  });

  test("the extension does not matter, a missing file does", async () => {
    const path = join(dir, "really an image.txt");
    writeFileSync(path, await flat(orange).png().toBuffer());
    expect((await readPicture({ kind: "file", path })).width).toBe(16);
    await expect(readPicture({ kind: "file", path: join(dir, "gone.jpg") })).rejects.toThrow("no such file");
    await expect(readPicture({ kind: "file", path: dir })).rejects.toThrow(/cannot be opened \(EISDIR\)/);
  });

  test("what the system refuses is named with its reason, once, and the rest is read", async () => {
    const samples: Sample[] = [];
    for (const id of ["a.png", "mine.png", "damaged.png", "b.png"]) {
      const path = join(dir, id);
      writeFileSync(path, await flat(orange).png().toBuffer());
      samples.push({ id, source: { kind: "file", path }, label: 0, split: "train" });
    }
    unreadable.set(join(dir, "mine.png"), "EACCES").set(join(dir, "damaged.png"), "EIO");
    const read = new Set<string | undefined>();
    const refused = await decodeAll(samples, {}, (index) => read.add(samples[index]?.id));
    expect(read).toEqual(new Set(["a.png", "b.png"]));
    expect(() => checkUnreadable(refused, samples.length)).toThrow(
      new VultusError(
        "2 of 4 images (50.0 %) cannot be read; up to 1 % are skipped. Repair or remove them, or allow them with " +
          "--allow-unreadable.\n  mine.png: cannot be opened (EACCES)\n  damaged.png: cannot be opened (EIO)",
      ),
    );
  });
});
