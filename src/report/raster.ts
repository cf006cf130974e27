/** Converts SVG to PNG, and draws images onto it. */

import type { Picture } from "../data/dataset.ts";
import { VultusError } from "../util/errors.ts";
import { sharp } from "../util/sharp.node.ts";

/** The square of an image on a page, in the page's pixels. */
export interface Tile {
  readonly picture: Picture;
  readonly x: number;
  readonly y: number;
}

/** Maximum side of a PNG in pixels: sharp refuses images of more than 268 megapixels. */
const LONGEST = 16_000;

/** Renders an SVG document as PNG, with `scale` device pixels per SVG pixel, or fewer if a side would exceed 16,000 pixels. */
export async function svgToPng(svg: string, scale = 2): Promise<Buffer> {
  const [, width = 1, height = 1] = /^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  const within = Math.min(scale, LONGEST / Math.max(Number(width), Number(height)));
  return rasterised(svg, within);
}

function rasterised(svg: string, scale: number): Promise<Buffer> {
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .png()
    .toBuffer();
}

/** Renders an SVG document with images on it as PNG; each image is fitted into a square of `side` pixels. */
export async function svgWithTiles(
  svg: string,
  tiles: readonly Tile[],
  side: number,
  scale: number,
): Promise<Buffer> {
  const inputs = await Promise.all(
    tiles.map(async ({ picture, x, y }) => ({
      input: await squarePng(picture, side * scale),
      left: Math.round(x * scale),
      top: Math.round(y * scale),
    })),
  );
  return sharp(await rasterised(svg, scale))
    .composite(inputs)
    .png()
    .toBuffer();
}

/**
 * Whether text in a PNG is readable. Without any installed font (as in slim containers) every letter is drawn as the same
 * empty box, without an error.
 */
export async function textRenders(): Promise<boolean> {
  const drawn = async (letter: string): Promise<Buffer> => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><text y="16" font-family="sans-serif">${letter}</text></svg>`;
    return sharp(Buffer.from(svg)).raw().toBuffer();
  };
  const [i, m] = await Promise.all([drawn("I"), drawn("M")]);
  return !i.equals(m);
}

async function squarePng({ pixels, width, height, channels }: Picture, side: number): Promise<Buffer> {
  if (width < 1 || height < 1 || pixels.length !== width * height * channels) {
    throw new VultusError(
      `An image of ${width} × ${height} pixels and ${channels} channel(s) has ${pixels.length} bytes; ` +
        `it must have ${width * height * channels}, and at least one pixel.`,
    );
  }
  return sharp(pixels, { raw: { width, height, channels } })
    .resize(side, side, { fit: "contain", background: "#eef0f3", kernel: "lanczos3" })
    .toColourspace("srgb")
    .png()
    .toBuffer();
}
