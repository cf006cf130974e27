/** Which image format bytes are, by their first bytes; a file's name counts for nothing. */

import { FormatError } from "../util/errors.ts";
import { videoFormat } from "./sniff-video.ts";

export type PictureFormat = "jpeg" | "png" | "gif" | "webp" | "tiff" | "avif" | "bmp";

const signatures: readonly (readonly [PictureFormat, RegExp])[] = [
  ["jpeg", /^\xff\xd8\xff/],
  ["png", /^\x89PNG\r\n[^]\n/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF[^]{4}WEBP/],
  ["tiff", /^(II[*+]\0|MM\0[*+])/],
  ["avif", /^[^]{4}ftyp[^]*avi[fs]/],
  ["bmp", /^BM/],
];

/** A video where an image is expected. */
export class VideoInstead extends FormatError {
  override readonly name = "VideoInstead";
}

/**
 * @param bytes a file, or at least its first 2048 bytes.
 * @throws FormatError that names what the bytes are instead, and no file; VideoInstead is one.
 */
export function sniffPicture(bytes: Uint8Array): PictureFormat {
  if (bytes.length === 0) throw new FormatError("the file is empty");
  const head = String.fromCharCode(...bytes.subarray(0, 64));
  const format = signatures.find(([, signature]) => signature.test(head))?.[0];
  if (format) return format;
  if (/^[^]{4}ftyp(hei|hev[cx]|mif1|msf1)/.test(head)) {
    throw new FormatError("a HEIC picture, which cannot be decoded here; save it as JPEG or PNG");
  }
  const video = videoFormat(bytes);
  if (video) throw new VideoInstead(`a video (${video}), not an image`);
  const start = /^[\x20-\x7e]{4}/.test(head)
    ? `the text "${head.slice(0, 12).replace(/[^\x20-\x7e]/g, ".")}"`
    : `the bytes ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
  throw new FormatError(
    `not an image: begins with ${start}; JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF are read`,
  );
}
