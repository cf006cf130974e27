/** Drawn faces as files: photos, and camera clips. */

import { writeFileSync } from "node:fs";
import sharp from "sharp";
import type { Picture } from "../../src/data/dataset.ts";
import { clearFace, composite, drawnFaces } from "./composites.ts";

/** The face in them: one of the drawn faces that the detector finds at any size, and that looks surprised at any size. */
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

/** A face that moves through the image, as camera frames: for Chromium's `--use-file-for-fake-video-capture`. */
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

/** What `writeTwoFacesCameraFile` shows, encoded in the level of the upper left corner of the image. */
export const cornerOf = { first: 255, second: 0, nobody: 128 } as const;

/**
 * Two alternating faces, for four seconds each, that move and change their size a little, and then nobody for two seconds. The
 * upper left corner of the image identifies the phase for tests.
 */
export async function writeTwoFacesCameraFile(path: string): Promise<void> {
  const parts: Buffer[] = [];
  const [frames, rate, cameraRate] = [60, 15, 30];
  for (const [who, shown] of [
    ["first", face],
    ["second", clearFace],
    ["nobody", undefined],
  ] as const) {
    for (let i = 0; i < (shown ? frames : frames / 2); i++) {
      const angle = (i / frames) * 2 * Math.PI;
      const side = 220 + 20 * Math.cos(angle);
      const at = { x: 320 + 50 * Math.sin(angle), y: 240 + 20 * Math.sin(2 * angle) };
      const picture = composite(640, 480, shown ? [{ face: shown, ...at, side }] : [], i);
      for (let y = 0; y < 40; y++) picture.pixels.fill(cornerOf[who], y * 640, y * 640 + 40);
      const frame = await encoded(picture).jpeg({ quality: 92 }).toBuffer();
      for (let shots = 0; shots < cameraRate / rate; shots++) parts.push(frame);
    }
  }
  writeFileSync(path, Buffer.concat(parts));
}

/** Chromium's arguments for such a camera. */
export function cameraArguments(path: string): string[] {
  return ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${path}`];
}
