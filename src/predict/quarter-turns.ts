/** Rotates photos that lie on their side or upside down by quarter turns, and rotates the detected faces back. */

import type { Picture } from "../data/dataset.ts";
import type { Box, DetectedFace } from "./boxes.ts";

/** Clockwise quarter turns. */
export type Quarters = 1 | 2 | 3;

/** Rotates the photo clockwise. */
export function turnedByQuarters({ pixels, width, height, channels }: Picture, quarters: Quarters): Picture {
  const [across, down] = quarters === 2 ? [width, height] : [height, width];
  const out = new Uint8Array(pixels.length);
  for (let y = 0, to = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const [column, row] = sourceOf(x, y, width, height, quarters);
      const from = (row * width + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[to++] = pixels[from + channel] as number;
    }
  }
  return { pixels: out, width: across, height: down, channels };
}

function sourceOf(x: number, y: number, width: number, height: number, quarters: Quarters): [number, number] {
  if (quarters === 1) return [y, height - 1 - x];
  return quarters === 2 ? [width - 1 - x, height - 1 - y] : [width - 1 - y, x];
}

/**
 * Converts a face of a photo that was rotated clockwise by `quarters` to the original photo of `width` × `height`
 * pixels.
 */
export function turnedBack(
  face: DetectedFace,
  quarters: Quarters,
  { width, height }: { readonly width: number; readonly height: number },
): DetectedFace {
  const back = (box: Box): Box => {
    const size = quarters === 2 ? box : { width: box.height, height: box.width };
    const corner = {
      1: { x: box.y, y: height - box.x - box.width },
      2: { x: width - box.x - box.width, y: height - box.y - box.height },
      3: { x: width - box.y - box.height, y: box.x },
    }[quarters];
    return { ...corner, width: size.width, height: size.height };
  };
  const tilt = (face.tilt ?? 0) - 90 * quarters;
  return {
    ...face,
    box: back(face.box),
    // Normalises to -180 to 180 degrees.
    tilt: tilt < -180 ? tilt + 360 : tilt,
    ...(face.square && { square: back(face.square) }),
  };
}
