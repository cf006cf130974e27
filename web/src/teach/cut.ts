/** Crops the largest face of an image, as for a model; the recogniser's worker loads this module on demand. */

import type { Picture } from "../../../src/data/dataset.ts";
import type { WebReadPhoto } from "../../../src/data/photo.web.ts";
import { greyOf, thumbnail } from "../../../src/data/thumbnail.ts";
import type { FaceDetector } from "../../../src/predict/face-detector.ts";
import { cropsFor } from "../../../src/predict/framing.ts";
import { framedFaces } from "../../../src/predict/predictor.ts";
import { resampled } from "../../../src/predict/resample.ts";
import type { DescribedArchitecture } from "../../../src/weights/classifier-file.ts";
import type { CutFaces } from "../recogniser/protocol.ts";

/** Without a detector the whole image is the face. */
export async function cutLargestFace(
  photo: WebReadPhoto,
  detector: FaceDetector | undefined,
  architecture: DescribedArchitecture,
): Promise<CutFaces> {
  const found = await framedFaces(photo, detector, cropsFor(architecture));
  const { width, height } = photo;
  const extent = { width, height, boxes: found.map(({ box }) => box) };
  // The previous position of a face that was not found in this frame may not show a face.
  const largest = found.find(({ missed }) => !missed);
  if (!largest) return extent;
  const crop = reduced(largest.crop, Math.round(architecture.inputSize * architecture.resize));
  const small = thumbnail(greyOf(crop));
  return { ...extent, face: { image: await pngOf(crop), thumbnail: small } };
}

/** A square of at most this side: a photo used as a whole has more pixels than any model sees. */
function reduced(square: Picture, side: number): Picture {
  const { width, height } = square;
  return width <= side ? square : resampled(square, { x: 0, y: 0, width, height }, side, side);
}

async function pngOf({ pixels, width, height, channels }: Picture): Promise<Blob> {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[channels === 3 ? 3 * i + c : i] as number;
    image.data[4 * i + 3] = 255;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
