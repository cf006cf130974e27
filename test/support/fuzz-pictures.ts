/** Files for fuzzing image readers: valid ones in every format, small ones that claim or contain far too much, and traps. */

import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import type { Picture } from "../../src/data/dataset.ts";
import { composite } from "./composites.ts";

export interface PictureFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A small photo with a face, in each supported format. */
export async function wholePictures(face: Picture): Promise<PictureFile[]> {
  const { pixels, width, height } = composite(160, 120, [{ face, x: 80, y: 60, side: 90 }]);
  const photo = sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace("srgb");
  const encoders = {
    jpeg: photo.clone().jpeg({ quality: 80 }),
    "progressive jpeg": photo.clone().withMetadata({ orientation: 6 }).jpeg({ progressive: true }),
    png: photo.clone().png(),
    "png with a palette": photo.clone().png({ palette: true, progressive: true }),
    webp: photo.clone().webp(),
    "lossless webp": photo.clone().webp({ lossless: true }),
    gif: photo.clone().gif(),
    tiff: photo.clone().tiff(),
    avif: photo.clone().resize(64).avif({ effort: 0 }),
  };
  return Promise.all(
    Object.entries(encoders).map(async ([name, encoder]) => ({ name, bytes: await encoder.toBuffer() })),
  );
}

/** Files of at most a few hundred kilobytes that would fill memory, run long, or access other files. */
export async function traps(): Promise<PictureFile[]> {
  const small = (format: "jpeg" | "webp" | "gif"): Promise<Buffer> =>
    sharp({ create: { width: 16, height: 16, channels: 3, background: "grey" } })
      .toFormat(format)
      .toBuffer();
  const svg = (inside: string, size = 'width="100" height="100"', before = ""): Uint8Array =>
    Buffer.from(`${before}<svg xmlns="http://www.w3.org/2000/svg" ${size}>${inside}</svg>`);
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`);
  const image = (href: string): string =>
    `<image xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="${href}" href="${href}" width="90" height="90"/>`;
  return [
    { name: "png of 30000 by 30000, all there", bytes: png(30_000, 30_000, 1) },
    { name: "png of 7000 by 7000, within the limit", bytes: png(7000, 7000, 1) },
    { name: "png of a strip, 40000 by 100", bytes: png(40_000, 100, 8) },
    { name: "png that claims the most", bytes: png(2 ** 31 - 1, 2 ** 31 - 1, 8, 5000) },
    { name: "png that claims 30000 by 30000", bytes: png(30_000, 30_000, 16, 5000) },
    { name: "png that claims 1 by 900 million", bytes: png(1, 900_000_000, 8, 5000) },
    { name: "png of no size", bytes: png(0, 0, 8, 0) },
    { name: "png with a bomb of text", bytes: withText(png(8, 8, 8), 50_000_000) },
    { name: "jpeg that claims 65500 by 65500", bytes: withJpegSize(await small("jpeg"), 65_500, 65_500) },
    { name: "jpeg of no height", bytes: withJpegSize(await small("jpeg"), 16, 0) },
    { name: "jpeg of many scans", bytes: manyScans(await small("jpeg"), 3000) },
    {
      name: "webp that claims 16383 by 16383",
      bytes: withNumbers(await small("webp"), 26, [16_383, 16_383]),
    },
    { name: "gif that claims 65535 by 65535", bytes: withNumbers(await small("gif"), 6, [65_535, 65_535]) },
    { name: "svg that claims a million by a million", bytes: svg("", 'width="1000000" height="1000000"') },
    {
      name: "svg of a billion laughs",
      bytes: svg("<text>&e9;</text>", undefined, doctype('<!ENTITY e0 "lol">', ...entities)),
    },
    {
      name: "svg with a file as entity",
      bytes: svg("<text>&x;</text>", undefined, doctype('<!ENTITY x SYSTEM "file:///etc/passwd">')),
    },
    { name: "svg with a file as image", bytes: svg(image("file:///etc/passwd")) },
    { name: "svg with an address", bytes: svg(image("http://127.0.0.1:9/x.png")) },
    { name: "text", bytes: Buffer.from("no image at all, only text\n") },
    { name: "a zip", bytes: Buffer.from("504b0304140000000800", "hex") },
    { name: "a pdf", bytes: Buffer.from("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF") },
    { name: "zeros", bytes: new Uint8Array(100_000) },
    { name: "nothing", bytes: new Uint8Array() },
  ];
}

const doctype = (...entities: string[]): string =>
  `<?xml version="1.0"?><!DOCTYPE svg [${entities.join("")}]>`;

/** A grey PNG of zeros: all that its size requires, or the given number of bytes. */
function png(
  width: number,
  height: number,
  bits: 1 | 8 | 16,
  length = height * (1 + Math.ceil((width * bits) / 8)),
): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bits;
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(length))),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** A chunk of compressed text that unpacks to `length` bytes, before the end of the image. */
function withText(bytes: Uint8Array, length: number): Uint8Array {
  const text = Buffer.concat([Buffer.from("Comment\0\0"), deflateSync(Buffer.alloc(length, "a"))]);
  return Buffer.concat([bytes.subarray(0, -12), chunk("zTXt", text), bytes.subarray(-12)]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

/** The size is in the frame header, after FFC0: length, bits per sample, height, width. */
function withJpegSize(bytes: Uint8Array, width: number, height: number): Uint8Array {
  const out = Buffer.from(bytes);
  const at = out.indexOf(Buffer.from([0xff, 0xc0]));
  out.writeUInt16BE(height, at + 5);
  out.writeUInt16BE(width, at + 7);
  return out;
}

/** Repeats the only scan, which a decoder of progressive images may follow to the end. */
function manyScans(bytes: Uint8Array, count: number): Uint8Array {
  const out = Buffer.from(bytes);
  const at = out.indexOf(Buffer.from([0xff, 0xda]));
  const scan = out.subarray(at, -2);
  return Buffer.concat([out.subarray(0, at), ...Array.from({ length: count }, () => scan), out.subarray(-2)]);
}

function withNumbers(bytes: Uint8Array, at: number, numbers: readonly number[]): Uint8Array {
  const out = Buffer.from(bytes);
  numbers.forEach((value, i) => void out.writeUInt16LE(value, at + 2 * i));
  return out;
}
