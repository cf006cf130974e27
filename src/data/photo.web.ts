/** Converts a browser's images, in any form, to photos for the predictor. */

import { VultusError } from "../util/errors.ts";
import type { Picture } from "./dataset.ts";
import { MOST_PHOTO_PIXELS } from "./photo-size.ts";
import { pictureOfRgba, rgbaOf } from "./rgba.ts";
import { sniffPicture } from "./sniff.ts";
import { VIDEO_HEAD } from "./sniff-video.ts";
import { UnreadableImage } from "./unreadable.ts";

/**
 * An image in a browser: a file, an element of the page, a bitmap, a video frame, raw pixels of a canvas, or decoded
 * pixels.
 */
export type WebPhoto = Blob | CanvasImageSource | ImageData | Picture;

/** A decoded photo, possibly reduced; `width` and `height` are those of the original. */
export interface WebReadPhoto {
  readonly file: string;
  readonly picture: Picture;
  readonly width: number;
  readonly height: number;
}

/** The factor by which the sides of an image are reduced; a factor of 1 or more leaves it unchanged. */
export type ScaleOf = (width: number, height: number) => number;

const toPhotoSize: ScaleOf = (width, height) => Math.sqrt(MOST_PHOTO_PIXELS / (width * height));

/**
 * Decodes an image and reduces it: by default if it has more than four million pixels. Boxes will be in pixels of the original.
 *
 * @throws UnreadableImage whose message is the reason, without a name.
 */
export async function readWebPhoto(
  photo: WebPhoto,
  file = "photo",
  scaleOf: ScaleOf = toPhotoSize,
): Promise<WebReadPhoto> {
  if ("pixels" in photo) {
    const { width, height } = photo;
    if (scaleOf(width, height) >= 1) return { file, picture: photo, width, height };
    return drawn(new ImageData(rgbaOf(photo), width, height), file, scaleOf);
  }
  if (!(photo instanceof Blob)) return drawn(photo, file, scaleOf);
  const bitmap = await decoded(photo);
  try {
    return drawn(bitmap, file, scaleOf);
  } finally {
    bitmap.close();
  }
}

/** Decodes a file to an upright bitmap. The supported formats depend on the browser. */
async function decoded(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob);
  } catch {
    const format = sniffPicture(new Uint8Array(await blob.slice(0, VIDEO_HEAD).arrayBuffer()));
    const why = format === "tiff" || format === "avif" ? "or this browser does not support its format; " : "";
    throw new UnreadableImage("damaged", `damaged ${format.toUpperCase()}, ${why}save it as JPEG or PNG`);
  }
}

function drawn(source: CanvasImageSource | ImageData, file: string, scaleOf: ScaleOf): WebReadPhoto {
  const { width, height } = extentOf(source);
  if (width === 0 || height === 0)
    throw new VultusError("the image has no pixels yet; wait until it has loaded");
  const scale = Math.min(1, scaleOf(width, height));
  if (source instanceof ImageData && scale === 1)
    return { file, picture: pictureOfRgba(source), width, height };
  const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * scale))) as [
    number,
    number,
  ];
  const context = canvasContext(across, down);
  context.clearRect(0, 0, across, down);
  context.drawImage(source instanceof ImageData ? canvasOf(source) : source, 0, 0, across, down);
  const picture = pictureOfRgba(context.getImageData(0, 0, across, down));
  return { file, picture, width, height };
}

let kept: OffscreenCanvasRenderingContext2D | undefined;

/** Returns one canvas for all images of the same size, because a video has thousands of frames. */
function canvasContext(width: number, height: number): OffscreenCanvasRenderingContext2D {
  if (kept?.canvas.width !== width || kept.canvas.height !== height)
    kept = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true }) ?? undefined;
  if (!kept) throw new VultusError(`this browser cannot create a canvas of ${width} × ${height} pixels`);
  kept.imageSmoothingQuality = "high";
  return kept;
}

function canvasOf(pixels: ImageData): OffscreenCanvas {
  const canvas = new OffscreenCanvas(pixels.width, pixels.height);
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

/** Returns the extent of the image itself in pixels, regardless of its size on the page. */
function extentOf(source: CanvasImageSource | ImageData): { width: number; height: number } {
  const { naturalWidth, naturalHeight } = source as Partial<HTMLImageElement>;
  if (naturalWidth !== undefined && naturalHeight !== undefined)
    return { width: naturalWidth, height: naturalHeight };
  const { videoWidth, videoHeight } = source as Partial<HTMLVideoElement>;
  if (videoWidth !== undefined && videoHeight !== undefined)
    return { width: videoWidth, height: videoHeight };
  const { displayWidth, displayHeight } = source as Partial<VideoFrame>;
  if (displayWidth !== undefined && displayHeight !== undefined)
    return { width: displayWidth, height: displayHeight };
  const { width, height } = source as ImageBitmap;
  return { width, height };
}
