/** A photo with a box and a label drawn around every face. */

import type { Picture } from "../data/dataset.ts";
import type { Face } from "../predict/prediction.ts";
import { sharp } from "../util/sharp.node.ts";
import { textRenders } from "./raster.ts";
import { fontFamily, palette, percent, rect, text, widthOf } from "./svg.ts";

let letters: Promise<boolean> | undefined;

/** Returns a JPEG. `scale` is the number of pixels in the faces' boxes per pixel of the image. */
export async function annotatedJpeg(
  picture: Picture,
  faces: readonly Face[],
  scale: number,
): Promise<Buffer> {
  const { pixels, width, height, channels } = picture;
  const readable = await (letters ??= textRenders());
  const base = Math.max(1, Math.min(width, height) / 400);
  const marked = faces.map((face) => marks(face, scale, base, { width, height }, readable));
  const parts = [...marked.flatMap(({ frame }) => frame), ...marked.flatMap(({ label }) => label)];
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${fontFamily}">${parts.join("")}</svg>`;
  return sharp(pixels, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .composite([{ input: Buffer.from(overlay) }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

/**
 * Draws the box and label of a face. The label goes above the box, or inside it if there is no room. It is as wide as the box if
 * letters of 8 px allow it, so that the labels of neighbouring faces do not overlap.
 */
function marks(
  { box, label, probabilities }: Face,
  scale: number,
  base: number,
  page: { readonly width: number; readonly height: number },
  readable: boolean,
): { frame: string[]; label: string[] } {
  const [x, y, width, height] = [box.x, box.y, box.width, box.height].map((value) => value / scale) as [
    number,
    number,
    number,
    number,
  ];
  const colour = label === null ? palette.muted : palette.blue;
  const frame = [palette.paper, colour].map((stroke, i) =>
    rect(x, y, width, height, { fill: "none", stroke, strokeWidth: (4 - 2 * i) * base }),
  );
  if (!readable) return { frame, label: [] };
  const best = Math.max(...Object.values(probabilities));
  const words = `${label ?? "not sure"} ${percent(best)}`;
  const size = Math.max(8, Math.min(12 * base, width / (widthOf(words, 1) + 0.6)));
  const wide = widthOf(words, size) + size * 0.6;
  const left = Math.max(0, Math.min(x - base, page.width - wide));
  const top = y >= size * 1.4 ? y - size * 1.4 : y;
  const written = text(left + size * 0.3, top + size * 1.05, words, { fill: palette.paper, fontSize: size });
  return { frame, label: [rect(left, top, wide, size * 1.4, { fill: colour }), written] };
}
