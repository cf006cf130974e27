/** Images whose samples are floats or wide integers, as written by NumPy and image editors: converted to 8 bits. */

import type { Metadata } from "sharp";
import { sharp } from "../util/sharp.node.ts";
import type { Picture } from "./dataset.ts";
import { readFloatTiff } from "./float-tiff.node.ts";

/** Floats up to this value count as 0..1: resampling slightly overshoots 1, and no image in 0..255 is this dark. */
const MOST_OF_UNIT = 2;

/** Larger images are reduced to this many pixels before their samples, of 4 bytes each, are read into memory. */
const MOST_PIXELS = 16e6;

/**
 * Colour spaces that libvips assigns to such TIFFs. In its own space (grey: as sRGB, to keep alpha) an image is not
 * converted.
 */
const ownSpaces = { "b-w": "srgb", srgb: "srgb", scrgb: "scrgb", grey16: "grey16", rgb16: "rgb16" } as const;

export interface DeepImage {
  readonly picture: Picture;
  /** The original size, upright. */
  readonly width: number;
  readonly height: number;
}

/**
 * Returns the image of a TIFF whose samples are floats or 32-bit or signed integers, or of a TIFF or PNG of 16-bit samples that
 * contain 8-bit values: upright, on white, three channels. Returns undefined for other images, which libvips converts itself. An
 * image of more than 16 megapixels is reduced to 16.
 *
 * White is decided by sample format and by the greatest finite sample, for colours and for alpha each:
 *
 * - floats of at most 2: 1
 * - else the smallest of 255, 65535, 2²⁴ − 1 and 2³² − 1 that no sample exceeds, but at most the greatest value of a signed
 *   integer (32767, 2³¹ − 1); floats above all of these: the greatest of them
 *
 * Samples are gamma-encoded, as in 8-bit files; if an embedded profile has a linear curve they are encoded by sRGB's. NaN and
 * values below 0 are black; infinity and values above white are white.
 *
 * @param check receives the size before samples are read, and throws if it is too large.
 */
export async function decodeDeep(
  bytes: Uint8Array,
  check: (size: { width: number; height: number }) => void,
): Promise<DeepImage | undefined> {
  const floats = readFloatTiff(bytes, check);
  if (floats) {
    const { samples, channels, width, height } = floats;
    const pixels = onWhite(samples, channels, { depth: "float" });
    return { picture: { pixels, width, height, channels: 3 }, width, height };
  }
  const options = { failOn: "error", limitInputPixels: false, ignoreIcc: true } as const;
  const metadata = await sharp(bytes, options).metadata();
  if (!isDeep(metadata)) return undefined;
  check(metadata.autoOrient);
  if (metadata.depth === "ushort" && (await greatest(bytes, options)) > 255) return undefined;
  const { width, height } = metadata.autoOrient;
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
  const side = (extent: number): number => Math.max(1, Math.round(extent * scale));
  const image = sharp(bytes, options).autoOrient();
  const sized = scale < 1 ? image.resize({ width: side(width), height: side(height), fit: "fill" }) : image;
  const { data, info } = await sized
    .toColourspace(ownSpaces[metadata.space as keyof typeof ownSpaces])
    .raw({ depth: "float" })
    .toBuffer({ resolveWithObject: true });
  const samples = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
  const pixels = onWhite(samples, info.channels, metadata);
  return { picture: { pixels, width: info.width, height: info.height, channels: 3 }, width, height };
}

function isDeep({ depth, space, channels }: Metadata): boolean {
  return depth !== "uchar" && depth !== "char" && channels <= 4 && Object.hasOwn(ownSpaces, space);
}

async function greatest(bytes: Uint8Array, options: Parameters<typeof sharp>[1]): Promise<number> {
  const { channels } = await sharp(bytes, options).stats();
  return Math.max(...channels.map(({ max }) => max));
}

/**
 * Returns 8-bit RGB, composited on white. @param samples [N, channels]: grey or RGB; with two or four channels, the
 * last one is alpha.
 */
function onWhite(
  samples: Float32Array,
  channels: number,
  { depth, icc }: Pick<Metadata, "depth" | "icc">,
): Uint8Array {
  const colours = channels < 3 ? 1 : 3;
  const hasAlpha = channels > colours;
  const [white, opaque] = whites(samples, channels, colours, depth);
  const encode = isLinear(icc) ? srgbEncoded : (value: number): number => value;
  const pixels = new Uint8Array((3 * samples.length) / channels);
  for (let from = 0, to = 0; from < samples.length; from += channels) {
    const alpha = hasAlpha ? unit(samples[from + colours] as number, opaque) : 1;
    for (let channel = 0; channel < 3; channel++) {
      const sample = samples[from + (colours === 1 ? 0 : channel)] as number;
      pixels[to++] = Math.round(255 * (alpha * encode(unit(sample, white)) + 1 - alpha));
    }
  }
  return pixels;
}

/** Returns the sample value of white, and the alpha value of opaque. */
function whites(
  samples: Float32Array,
  channels: number,
  colours: number,
  depth: Metadata["depth"],
): readonly [number, number] {
  const most: [number, number] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i] as number;
    const kind = i % channels < colours ? 0 : 1;
    if (value > most[kind] && value !== Number.POSITIVE_INFINITY) most[kind] = value;
  }
  return [whiteOf(most[0], depth), whiteOf(most[1], depth)];
}

function whiteOf(most: number, depth: Metadata["depth"]): number {
  if (depth === "float" && most <= MOST_OF_UNIT) return 1;
  const range = [8, 16, 24, 32].map((bits) => 2 ** bits - 1).find((value) => most <= value) ?? most;
  if (depth === "short") return Math.min(range, 2 ** 15 - 1);
  return depth === "int" ? Math.min(range, 2 ** 31 - 1) : range;
}

function unit(sample: number, white: number): number {
  const share = sample / white;
  // Comparisons with NaN are false.
  return share > 0 ? Math.min(share, 1) : 0;
}

/** IEC 61966-2-1. */
function srgbEncoded(light: number): number {
  return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** Whether the red or grey curve of an ICC profile is the identity: ICC.1:2022, 10.6 (`curv`) and 10.18 (`para`). */
function isLinear(icc: Uint8Array | undefined): boolean {
  if (!icc || icc.length < 132) return false;
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  const text = (at: number): string => String.fromCharCode(...icc.subarray(at, at + 4));
  const count = Math.min(view.getUint32(128), 100);
  for (let tag = 132; tag < 132 + 12 * count && tag + 12 <= icc.length; tag += 12) {
    if (text(tag) !== "rTRC" && text(tag) !== "kTRC") continue;
    const at = view.getUint32(tag + 4);
    if (at + 16 > icc.length) return false;
    if (text(at) === "curv") {
      const entries = view.getUint32(at + 8);
      return entries === 0 || (entries === 1 && view.getUint16(at + 12) === 256);
    }
    return text(at) === "para" && view.getUint16(at + 8) === 0 && view.getInt32(at + 12) === 65536;
  }
  return false;
}
