/** The canvas on which the images of a batch are packed, and what graphs do with it first. */

import type { Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import type { Point } from "./matrix.ts";

/** Extent of the canvas in pixels; images lie at its upper left. One channel is grey, three are RGB. */
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

/** A rectangle of an image, in its pixels, and how many pixels of the canvas it fills: fewer where it is reduced. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
}

/** An image for a canvas; one that is too long for it lies there in part. */
export interface Placed extends Extent {
  readonly part?: Part;
}

/** A training's images are decoded to at most this many pixels a side, room for augmentation included. */
export function trainingSide(inputSize: number): number {
  return Math.ceil(inputSize * 1.25);
}

/** Sides that differ by more than this factor are cut: a few long images would make the canvas of all others large. */
const LONGEST = 2;

/**
 * The extent that a canvas needs for an image. Of a longer one than 1:2 a network of `size` pixels sees a part: the
 * centre square in validation, with a margin for the filter, and in training a crop, or the whole, reduced to what it can
 * tell apart.
 */
export function extentOnCanvas({ width, height }: Extent, size: number): Extent {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (long <= LONGEST * short) return { width, height };
  const side = Math.min(long, Math.max(trainingSide(size), short + 2 * (Math.ceil(short / size) + 1)));
  return width < height ? { width, height: side } : { width: side, height };
}

/**
 * An image that is longer than the canvas, with the part of it that lies there; any other as it is. `from` and `to` are
 * the first and last place that are seen along each side, in pixels of the image from 0 on, which may lie outside.
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

/** First pixel and number of pixels that are seen of a side, with the neighbours of interpolation; then those on the canvas. */
function rangeOf(from: number, to: number, length: number, room: number): [number, number, number] {
  if (length <= room) return [0, length, length];
  const neighbours = Math.max(1, Math.ceil((to - from) / room));
  const first = Math.min(Math.max(Math.floor(from) - neighbours, 0), length - 1);
  const count = Math.min(Math.max(Math.ceil(to) + neighbours, first + 1), length) - first;
  return [first, count, Math.min(count, room)];
}

/** The packed images as a feed [N, C, H, W] of bytes, and as floats from 0 to 1. */
export function canvasInput(
  graph: Value["graph"],
  batch: number | string,
  { channels, height, width }: Canvas,
): Value {
  const bytes = graph.input("pictures", "uint8", [batch, channels, height, width]);
  return mul(cast(bytes, "float32"), 1 / 255);
}
