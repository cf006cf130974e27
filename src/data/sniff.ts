/** Detects an image's format from its first bytes; the file name is ignored. */

import { foreignContent, textOf } from "../util/foreign.ts";
import { isRawTiff } from "./raw-tiff.ts";
import { videoFormat } from "./sniff-video.ts";
import { UnreadableImage } from "./unreadable.ts";

export type PictureFormat = "jpeg" | "png" | "gif" | "webp" | "tiff" | "avif" | "bmp";

const signatures: readonly (readonly [PictureFormat, RegExp])[] = [
  ["jpeg", /^\xff\xd8\xff/],
  ["png", /^\x89PNG\r\n[^]\n/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF[^]{4}WEBP/],
  ["tiff", /^(II[*+]\0|MM\0[*+])/],
  ["avif", /^[^]{4}ftyp[^]{0,56}avi[fs]/],
  ["bmp", /^BM/],
];

/* oxlint-disable no-control-regex -- Signatures contain bytes of any value. */
/** Formats that are recognised but not decoded, with their names. */
const otherImages: readonly (readonly [string, RegExp])[] = [
  ["a HEIC image", /^[^]{4}ftyp(hei|hev[cx]|mif1|msf1)/],
  ["a camera raw file", /^([^]{4}ftypcrx |FUJIFILMCCD-RAW|II(RO|RS|U\0)|MMOR|FOVb|\0MRM)/],
  ["a JPEG XL image", /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ["a JPEG 2000 image", /^(\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/],
  ["a PNM image", /^P[1-7]\s/],
  ["a Photoshop image", /^8BPS/],
  ["an SVG drawing", /^\s*(<\?xml[^]*?)?(<!--[^]*?-->\s*)*(<!DOCTYPE svg[^]*?)?<svg\b/],
  ["an icon", /^\0\0[\x01\x02]\0[^\0]\0/],
  ["an OpenEXR image", /^v\/1\x01/],
  ["a Radiance image", /^#\?RADIANCE/],
  ["a DICOM image", /^[^]{128}DICM/],
  ["a PDF document", /^%PDF-/],
];

/**
 * @param bytes a file, or at least its first 2048 bytes.
 * @throws UnreadableImage that states what the bytes are, without a file name.
 */
export function sniffPicture(bytes: Uint8Array): PictureFormat {
  if (bytes.length === 0) throw new UnreadableImage("empty", "the file is empty");
  const head = textOf(bytes);
  const format = signatures.find(([, signature]) => signature.test(head))?.[0];
  const other =
    format === "tiff" && isRawTiff(bytes)
      ? "a camera raw file"
      : otherImages.find(([, signature]) => signature.test(head))?.[0];
  if (other)
    throw new UnreadableImage(
      "unsupported_format",
      `${other}, which cannot be decoded here; save it as JPEG or PNG`,
    );
  if (format) return format;
  const video = videoFormat(bytes);
  if (video) throw new UnreadableImage("video", `a video (${video}), not an image`);
  const foreign = foreignContent(bytes);
  if (foreign) throw new UnreadableImage("not_an_image", `not an image: ${foreign}`);
  const start = /^[\x20-\x7e]{4}/.test(head)
    ? `the text "${head.slice(0, 12).replace(/[^\x20-\x7e]/g, ".")}"`
    : `the bytes ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`;
  throw new UnreadableImage(
    "not_an_image",
    `not an image: begins with ${start}; vultus reads JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF`,
  );
}
