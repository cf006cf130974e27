/** Photos composed of face crops: each pasted at a position, a size and an angle on a slightly structured canvas. */

import type { Picture } from "../../src/data/dataset.ts";
import { drawFace } from "../../src/data/synthetic.ts";
import { expressions } from "../../src/data/synthetic-expression.ts";
import { random } from "../../src/util/random.ts";

export interface Placement {
  readonly face: Picture;
  /** Position of the face's centre. */
  readonly x: number;
  readonly y: number;
  /** Side length of the face on the canvas. */
  readonly side: number;
  /** Clockwise, in degrees. */
  readonly angle?: number;
  /** Whether the whole square is pasted, extended beyond its sides with a fading mirror image, instead of an ellipse. */
  readonly whole?: boolean;
}

/** A grey canvas, lighter towards the lower right and slightly noisy, with faces whose corners are rounded off. */
export function composite(
  width: number,
  height: number,
  placements: readonly Placement[],
  seed = 0,
): Picture {
  const rng = random("composite", seed);
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      pixels[y * width + x] = 90 + (60 * (x + y)) / (width + height) + 8 * rng.next();
  for (const placement of placements) paste(pixels, width, height, placement);
  return { pixels, width, height, channels: 1 };
}

/** Bilinear; within an inscribed ellipse that fades out over the last tenth, or whole. */
function paste(
  pixels: Uint8Array,
  width: number,
  height: number,
  { face, x, y, side, angle = 0, whole = false }: Placement,
): void {
  const [sin, cos] = [Math.sin((angle * Math.PI) / 180), Math.cos((angle * Math.PI) / 180)];
  const reach = Math.ceil(side * 1.2);
  for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(height, y + reach); row++) {
    for (let column = Math.max(0, Math.floor(x - reach)); column < Math.min(width, x + reach); column++) {
      const [dx, dy] = [(column + 0.5 - x) / side, (row + 0.5 - y) / side];
      const [u, v] = [cos * dx + sin * dy, -sin * dx + cos * dy];
      const outside = 2 * (whole ? Math.max(Math.abs(u), Math.abs(v)) : Math.hypot(u, v)) - 1;
      const share = Math.min(1, Math.max(0, whole ? 1 - outside / 0.6 : 1 - outside * 10));
      if (share === 0) continue;
      const at = row * width + column;
      pixels[at] =
        share * sampled(face, mirrored(u + 0.5), mirrored(v + 0.5)) + (1 - share) * (pixels[at] as number);
    }
  }
}

/** Mirrors a position outside the face at its side. */
function mirrored(position: number): number {
  const inside = Math.abs(position);
  return inside > 1 ? 2 - inside : inside;
}

function sampled({ pixels, width, height, channels }: Picture, u: number, v: number): number {
  const clamp = (value: number, extent: number): number => Math.min(Math.max(value, 0), extent - 1);
  const [x, y] = [clamp(u * width - 0.5, width), clamp(v * height - 0.5, height)];
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const pixel = (column: number, row: number): number =>
    pixels[(clamp(row, height) * width + clamp(column, width)) * channels] as number;
  const [fx, fy] = [x - left, y - top];
  const upper = pixel(left, top) * (1 - fx) + pixel(left + 1, top) * fx;
  const lower = pixel(left, top + 1) * (1 - fx) + pixel(left + 1, top + 1) * fx;
  return upper * (1 - fy) + lower * fy;
}

export interface Scene {
  readonly name: string;
  readonly picture: Picture;
  readonly placements: readonly Placement[];
}

/**
 * Scenes of 416 px on the longer side, the detector's input size, so that no resizing affects the comparison of detectors:
 * one face, rows of them from 40 to 400 px, tilted ones, a crowd, none.
 */
export function scenes(faces: readonly Picture[]): Scene[] {
  let next = 0;
  const place = (x: number, y: number, side: number, angle = 0): Placement => ({
    face: faces[next++ % faces.length] as Picture,
    x,
    y,
    side,
    angle,
  });
  const scene = (name: string, width: number, height: number, placements: Placement[]): Scene => ({
    name,
    picture: composite(width, height, placements, next),
    placements,
  });
  const row = (side: number, y: number, count: number): Placement[] =>
    Array.from({ length: count }, (_, i) => place(((i + 0.5) * 416) / count, y, side));
  return [
    scene("none", 416, 416, []),
    ...[40, 60, 80, 120, 160, 240, 320, 400].map((side) =>
      scene(`one of ${side} px`, 416, 416, [place(208, 208, side)]),
    ),
    ...[-40, -25, -10, 10, 25, 40].map((angle) =>
      scene(`turned by ${angle}°`, 416, 416, [place(208, 208, 100, angle)]),
    ),
    scene("three in a row", 416, 260, row(110, 130, 3)),
    scene("two, upright format", 280, 416, [place(140, 110, 120), place(140, 310, 120)]),
    scene("several sizes", 416, 416, [
      place(90, 100, 140),
      place(300, 90, 90),
      place(120, 300, 70),
      place(290, 300, 180),
    ]),
    scene(
      "a crowd",
      416,
      416,
      [70, 160, 250, 340].flatMap((y) => row(64, y, 5)),
    ),
    scene("at the border", 416, 416, [place(20, 200, 120), place(400, 390, 120)]),
  ];
}

/** Drawn faces that fill squares of the landmark network's input size, tilted by −30 to 30 degrees. */
export function eyesFaces(): Picture[] {
  const [side, angles] = [112, [-30, -20, -10, -5, 0, 5, 10, 20, 30]];
  return drawnFaces(angles.length).map((face, i) =>
    composite(
      side,
      side,
      [{ face, x: side / 2, y: side / 2, side: 100, angle: angles[i] as number, whole: true }],
      i,
    ),
  );
}

/** Faces drawn by formula, as a substitute for photos. */
export function drawnFaces(count: number): Picture[] {
  return Array.from({ length: count }, (_, i) => {
    const { pixels, width, height } = drawFace(
      expressions[i % expressions.length] as (typeof expressions)[number],
      "composites",
      i,
    );
    return { pixels, width, height, channels: 1 };
  });
}

/** The drawn face that the shipped detector detects best. */
export const clearFace = drawnFaces(14)[13] as Picture;
