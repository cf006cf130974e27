/** Decodes images of any common format to 8-bit grey or sRGB, upright, opaque, and no larger than training needs. */

import { readFile } from "node:fs/promises";
import type { Sharp } from "sharp";
import { messageOf, VultusError } from "../util/errors.ts";
import { sharp } from "../util/sharp.node.ts";
import { bmpSize, decodeBmp } from "./bmp.node.ts";
import type { Picture, SampleSource } from "./dataset.ts";
import { decodeDeep } from "./deep-image.node.ts";
import { type PictureFormat, sniffPicture } from "./sniff.ts";
import { cannotOpen, UnreadableImage } from "./unreadable.ts";

/** Decompression bombs are refused by their header; up to 20,000 × 20,000 pixels are read. */
const limitInputPixels = 20_000 * 20_000;

export interface DecodeOptions {
  /**
   * The shorter side is reduced to this many pixels, never enlarged: 1.25 × the training size leaves room for random
   * crops. If left out, the image keeps its size.
   */
  readonly maxSide?: number;
}

/**
 * Decodes the image in `bytes`, by its content: JPEG, PNG, WebP, GIF (first frame), TIFF, AVIF or BMP. The result is rotated
 * upright by its EXIF orientation, composited on white, converted to sRGB by its profile, and grey if every pixel has R = G = B.
 * Images of floats and wide integers are scaled by their range (`decodeDeep` has the rule). Reduction is antialiased (libvips'
 * Lanczos3, after JPEG's and WebP's own halving) and works on gamma-encoded values, as torchvision's does.
 *
 * @throws UnreadableImage whose message is the reason, without the file's name.
 */
export async function decodePicture(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  return decoding(bytes, async (format) => {
    if (format === "bmp") return reduced(greyIfGrey(decodeBmp(bytes)), options.maxSide);
    const deep = isDeep(format, bytes) ? await decodeDeep(bytes, atMost(limitInputPixels)) : undefined;
    if (deep) return reduced(greyIfGrey(deep.picture), options.maxSide);
    return pixelsOf(sharp(bytes, { failOn: "error", limitInputPixels }).autoOrient(), options.maxSide);
  });
}

/** An image that may have been reduced, and its original size, upright. */
export interface FittedPicture {
  readonly picture: Picture;
  readonly width: number;
  readonly height: number;
}

/**
 * Decodes the image in `bytes` like `decodePicture`, but reduced if it has more than `mostPixels` pixels. A large JPEG
 * or WebP is then never decoded at full size, and other formats are processed in strips. An image with more than
 * `refuseAbove` pixels is not decoded at all.
 *
 * @throws UnreadableImage whose message is the reason, without the file's name.
 */
export async function decodeFitted(
  bytes: Uint8Array,
  mostPixels: number,
  refuseAbove: number = limitInputPixels,
): Promise<FittedPicture> {
  const check = atMost(refuseAbove);
  return decoding(bytes, async (format) => {
    if (format === "bmp") {
      check(bmpSize(bytes));
      return fitted(greyIfGrey(decodeBmp(bytes)), mostPixels);
    }
    const deep = isDeep(format, bytes) ? await decodeDeep(bytes, check) : undefined;
    if (deep) return { ...deep, picture: (await fitted(greyIfGrey(deep.picture), mostPixels)).picture };
    // The header of a larger image is read too, so that the error message is ours.
    const image = sharp(bytes, { failOn: "error", limitInputPixels: false }).autoOrient();
    const { width, height } = (await image.metadata()).autoOrient;
    check({ width, height });
    return { picture: await pixelsOf(fitting(image, width, height, mostPixels), undefined), width, height };
  });
}

/** @throws UnreadableImage for any defect of the bytes, and whatever `decode` throws deliberately. */
async function decoding<T>(bytes: Uint8Array, decode: (format: PictureFormat) => Promise<T>): Promise<T> {
  const format = sniffPicture(bytes);
  try {
    return await decode(format);
  } catch (error) {
    if (error instanceof VultusError) throw error;
    const reason = messageOf(error).split("\n")[0] as string;
    throw new UnreadableImage(
      reason.includes("exceeds pixel limit") ? "too_many_pixels" : "damaged",
      `damaged ${format.toUpperCase()}: ${reason}`,
    );
  }
}

/** Whether a file may contain samples of other than 8 bits. A PNG states its depth in its first chunk. */
function isDeep(format: PictureFormat, bytes: Uint8Array): boolean {
  return format === "tiff" || (format === "png" && bytes[24] === 16);
}

function atMost(pixels: number): (size: { readonly width: number; readonly height: number }) => void {
  return ({ width, height }) => {
    if (width * height > pixels)
      throw new UnreadableImage(
        "too_many_pixels",
        `${width} × ${height} pixels; at most ${pixels / 1e6} megapixels are decoded`,
      );
  };
}

/** Returns an image in memory, reduced if it has more than `mostPixels` pixels. */
export async function fitted(picture: Picture, mostPixels: number): Promise<FittedPicture> {
  const { pixels, width, height, channels } = picture;
  if (width * height <= mostPixels) return { picture, width, height };
  const image = sharp(pixels, { raw: { width, height, channels }, limitInputPixels });
  return { picture: await pixelsOf(fitting(image, width, height, mostPixels), undefined), width, height };
}

function fitting(image: Sharp, width: number, height: number, mostPixels: number): Sharp {
  const scale = Math.sqrt(mostPixels / (width * height));
  if (scale >= 1) return image;
  const side = (extent: number): number => Math.max(1, Math.round(extent * scale));
  return image.resize({ width: side(width), height: side(height), fit: "fill" });
}

/** Reads a sample's image. @throws UnreadableImage whose message is the reason, without the sample's name. */
export async function readPicture(source: SampleSource, options: DecodeOptions = {}): Promise<Picture> {
  if (source.kind === "pixels") return reduced(source.picture, options.maxSide);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(source.path);
  } catch (error) {
    throw cannotOpen(error);
  }
  return decodePicture(bytes, options);
}

export async function reduced(picture: Picture, maxSide: number | undefined): Promise<Picture> {
  const { pixels, width, height, channels } = picture;
  if (maxSide === undefined || Math.min(width, height) <= maxSide) return picture;
  return pixelsOf(sharp(pixels, { raw: { width, height, channels }, limitInputPixels }), maxSide);
}

async function pixelsOf(image: Sharp, maxSide: number | undefined): Promise<Picture> {
  const sized =
    maxSide === undefined
      ? image
      : image.resize({ width: maxSide, height: maxSide, fit: "outside", withoutEnlargement: true });
  const { data, info } = await sized
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return greyIfGrey({ pixels, width: info.width, height: info.height, channels: 3 });
}

function greyIfGrey(picture: Picture): Picture {
  const { pixels, width, height } = picture;
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return picture;
  }
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) grey[i] = pixels[3 * i] as number;
  return { pixels: grey, width, height, channels: 1 };
}
