/** The camera's image with its boxes and labels, as a PNG. */

import type { TrackedFace } from "../../../src/predict/tracking.ts";
import { computedAccent } from "../style/accents.ts";
import { labelled } from "./overlay.tsx";

export interface SnapshotOptions {
  readonly faces: readonly TrackedFace[];
  readonly mirrored: boolean;
  readonly threshold: number;
}

/** The current image of `video`. */
export async function snapshot(video: HTMLVideoElement, options: SnapshotOptions): Promise<Blob> {
  const { faces, mirrored, threshold } = options;
  const { videoWidth: width, videoHeight: height } = video;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.save();
  if (mirrored) {
    context.translate(width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(video, 0, 0, width, height);
  context.restore();
  const size = Math.round(height / 24);
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  for (const face of faces) {
    const { box } = face;
    const x = mirrored ? width - box.x - box.width : box.x;
    const { text, name, index } = labelled(face, threshold);
    context.lineWidth = size / 6;
    context.strokeStyle = name === null ? "#ffffff" : computedAccent(video, name, index);
    context.strokeRect(x, box.y, box.width, box.height);
    const wide = context.measureText(text).width + size;
    const left = Math.max(0, Math.min(x, width - wide));
    const top = Math.max(0, box.y - size * 1.6);
    context.fillStyle = "rgb(15 20 25 / 80%)";
    context.fillRect(left, top, wide, size * 1.5);
    context.fillStyle = "#ffffff";
    context.fillText(text, left + size / 2, top + size * 0.78);
  }
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no image was made")))),
  );
}
