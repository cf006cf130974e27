/** Decodes BMP files, which sharp does not read, with bmp-ts, after checks that bmp-ts omits. */

import { decode } from "bmp-ts";
import type { Picture } from "./dataset.ts";
import { UnreadableImage } from "./unreadable.ts";

/** Returns width and height from the header. @throws UnreadableImage for a file that ends within it. */
export function bmpSize(bytes: Uint8Array): { width: number; height: number } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 54)
    throw new UnreadableImage("damaged", `the BMP file ends early, after ${buffer.length} bytes`);
  return { width: buffer.readInt32LE(18), height: Math.abs(buffer.readInt32LE(22)) };
}

/** @throws UnreadableImage for RLE compression (bmp-ts decodes it wrongly), odd headers and files that end early. */
export function decodeBmp(bytes: Uint8Array): Picture {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { width, height } = bmpSize(bytes);
  const offset = buffer.readUInt32LE(10);
  const headerSize = buffer.readUInt32LE(14);
  const depth = buffer.readUInt16LE(28);
  const compression = buffer.readUInt32LE(30);
  const colours = buffer.readUInt32LE(46) || (depth <= 8 ? 2 ** depth : 0);
  if (
    ![40, 52, 56, 108, 124].includes(headerSize) ||
    ![1, 4, 8, 16, 24, 32].includes(depth) ||
    colours > 256
  ) {
    throw new UnreadableImage(
      "unsupported_format",
      `a BMP file with a ${headerSize}-byte header and ${depth} bits per pixel; save it as PNG`,
    );
  }
  if (compression !== 0 && compression !== 3 && compression !== 6) {
    throw new UnreadableImage(
      "unsupported_format",
      "a compressed BMP file, which cannot be decoded here; save it as PNG",
    );
  }
  const needed = offset + Math.ceil((width * depth) / 32) * 4 * height;
  if (width <= 0 || height === 0 || buffer.length < needed) {
    throw new UnreadableImage(
      "damaged",
      `the BMP file ends early: ${width} × ${height} pixels need ${needed} bytes, ${buffer.length} found`,
    );
  }
  // bmp-ts reads pixels right after the palette, whatever offset the header states.
  const masks = headerSize > 40 || compression === 0 ? 0 : compression === 3 ? 12 : 16;
  const headerEnd = 14 + headerSize + masks + 4 * colours;
  const packed =
    offset > headerEnd ? Buffer.concat([buffer.subarray(0, headerEnd), buffer.subarray(offset)]) : buffer;
  // Its default order is alpha, blue, green, red; the toRGBA option damages 1-bit images.
  const { data } = decode(packed);
  const pixels = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < pixels.length; from += 4) {
    pixels[to++] = data[from + 3] as number;
    pixels[to++] = data[from + 2] as number;
    pixels[to++] = data[from + 1] as number;
  }
  return { pixels, width, height, channels: 3 };
}
