/** The canvas on which the images of a batch are packed, and its first graph operations. */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import type { Point } from "./matrix.ts";

/** Size of the canvas in pixels. Images lie in its upper left corner. One channel is grey, three are RGB. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Width and height of an image on the canvas. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** A rectangle of an image, in its pixels, and the number of canvas pixels that it fills: fewer if it is reduced. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
}

/** An image for a canvas. If it is too long for the canvas, only a part of it lies there. */
export interface Placed extends Extent {
  readonly part?: Part;
}

/** Returns the maximum side to which training images are decoded; it leaves room for augmentation. */
export function trainingSide(inputSize: number): number {
  return Math.ceil(inputSize * 1.25);
}

/** Images with a larger aspect ratio are cropped: otherwise a few long images would enlarge everyone's canvas. */
const LONGEST = 2;

/**
 * Returns the canvas size that an image needs. Of an image longer than 1:2, a network of `size` pixels sees only a
 * part. In validation that is the centre square, with a margin for the filter. In training it is a crop, or the whole
 * image reduced to what the network can resolve.
 */
export function extentOnCanvas({ width, height }: Extent, size: number): Extent {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (long <= LONGEST * short) return { width, height };
  const side = Math.min(long, Math.max(trainingSide(size), short + 2 * (Math.ceil(short / size) + 1)));
  return width < height ? { width, height: side } : { width: side, height };
}

/**
 * Returns an image longer than the canvas together with the part that lies there; any other image unchanged. `from` and
 * `to` are the first and last visible position along each side, in pixels of the image, and may lie outside it.
 */
export function placed<T extends Extent>(
  picture: T,
  canvas: Canvas,
  seen: () => { readonly from: Point; readonly to: Point },
): T & Placed {
  const { width, height } = picture;
  if (width <= canvas.width && height <= canvas.height) return picture;
  const { from, to } = seen();
  const [left, columns, across] = rangeOf(from[0], to[0], width, canvas.width);
  const [top, rows, down] = rangeOf(from[1], to[1], height, canvas.height);
  return { ...picture, part: { left, top, width: columns, height: rows, across, down } };
}

/**
 * Returns the first pixel and the number of pixels of the visible range along a side, including the neighbours for
 * interpolation; then the number of pixels on the canvas.
 */
function rangeOf(from: number, to: number, length: number, room: number): [number, number, number] {
  if (length <= room) return [0, length, length];
  const neighbours = Math.max(1, Math.ceil((to - from) / room));
  const first = Math.min(Math.max(Math.floor(from) - neighbours, 0), length - 1);
  const count = Math.min(Math.max(Math.ceil(to) + neighbours, first + 1), length) - first;
  return [first, count, Math.min(count, room)];
}

/** Declares the packed images as a feed [N, C, H, W] of bytes, and converts them to floats from 0 to 1. */
export function canvasInput(
  graph: Value["graph"],
  batch: number | string,
  { channels, height, width }: Canvas,
): Value {
  const bytes = graph.input("pictures", "uint8", [batch, channels, height, width]);
  return mul(cast(bytes, "float32"), 1 / 255);
}
