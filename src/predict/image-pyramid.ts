/** A photo at decreasing resolutions, and crops of it at any resolution. */

import type { Picture } from "../data/dataset.ts";
import type { Box } from "./boxes.ts";
import { halved, interpolated } from "./resample.ts";

export interface Cut {
  /** In pixels of the photo. It may extend beyond the border, whose pixels are then repeated. */
  readonly region: Box;
  /** Pixels of the result per pixel of the photo. */
  readonly scale: number;
}

export interface ImagePyramid {
  readonly photo: Picture;
  /** Returns a part of the photo, interpolated from the smallest halving that has at least the requested resolution. */
  cut(cut: Cut): Picture;
}

/** Creates each halving of the photo once, on first use. */
export function imagePyramid(photo: Picture): ImagePyramid {
  const halvings = [photo];
  /** Returns the smallest halving with at least the resolution `scale`. */
  const halvingFor = (scale: number): number => {
    const count = Math.max(0, Math.floor(Math.log2(1 / scale)));
    while (halvings.length <= count) halvings.push(halved(halvings.at(-1) as Picture));
    return count;
  };
  const cut = ({ region, scale }: Cut): Picture => {
    const halving = halvingFor(scale);
    const source = halvings[halving] as Picture;
    const across = source.width / photo.width;
    const down = source.height / photo.height;
    const inside = {
      x: region.x * across,
      y: region.y * down,
      width: region.width * across,
      height: region.height * down,
    };
    const [width, height] = [region.width, region.height].map((side) =>
      Math.max(1, Math.round(side * scale)),
    ) as [number, number];
    if (isWhole(inside, source) && width === source.width && height === source.height) return source;
    return interpolated(source, inside, width, height);
  };
  return { photo, cut };
}

/**
 * Places the image on a black canvas whose sides are multiples of `step`. It lies at least `margin` pixels from every
 * border, shifted by `shift` pixels to the right and down. @returns the canvas and the position of the image on it
 */
export function onCanvas(
  image: Picture,
  step: number,
  margin = 0,
  shift = 0,
): { canvas: Picture; x: number; y: number } {
  const { width, height, channels, pixels } = image;
  const [across, down] = [width, height].map((side) => step * Math.ceil((side + 2 * margin) / step)) as [
    number,
    number,
  ];
  if (across === width && down === height) return { canvas: image, x: 0, y: 0 };
  // Without a margin, in the corner: the network would see a border in the middle of a cell twice.
  const [x, y] = margin > 0 ? [((across - width) >> 1) + shift, ((down - height) >> 1) + shift] : [0, 0];
  const canvas = new Uint8Array(across * down * channels);
  for (let row = 0; row < height; row++)
    canvas.set(
      pixels.subarray(row * width * channels, (row + 1) * width * channels),
      ((y + row) * across + x) * channels,
    );
  return { canvas: { pixels: canvas, width: across, height: down, channels }, x, y };
}

function isWhole({ x, y, width, height }: Box, picture: Picture): boolean {
  return x === 0 && y === 0 && width === picture.width && height === picture.height;
}
