/** Drawn faces as files: photos, and what a camera sees. */

import { writeFileSync } from "node:fs";
import sharp from "sharp";
import type { Picture } from "../../src/data/dataset.ts";
import { composite, drawnFaces } from "./composites.ts";

/** The face in them: one of those, of the many that are drawn, that the detector finds at any size, and is surprised in any. */
export const face = drawnFaces(36)[35] as Picture;

export function encoded({ pixels, width, height, channels }: Picture) {
  return sharp(pixels, { raw: { width, height, channels } }).toColourspace("srgb");
}

/** A photo of two faces, the larger one on the left. */
export function twoFaces(): Picture {
  return composite(600, 400, [
    { face, x: 150, y: 200, side: 140 },
    { face, x: 450, y: 220, side: 130 },
  ]);
}

/** A face that wanders through the picture, as the frames of a camera: for Chromium's `--use-file-for-fake-video-capture`. */
export async function writeCameraFile(path: string): Promise<void> {
  const frames: Buffer[] = [];
  for (let i = 0; i < 20; i++) {
    const x = 220 + 40 * Math.sin((i / 20) * 2 * Math.PI);
    frames.push(
      await encoded(composite(640, 480, [{ face, x, y: 240, side: 220 }]))
        .jpeg({ quality: 92 })
        .toBuffer(),
    );
  }
  writeFileSync(path, Buffer.concat(frames));
}

/** Chromium's arguments for such a camera. */
export function cameraArguments(path: string): string[] {
  return ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${path}`];
}
