/**
 * Procedurally drawn faces: six expressions on people who differ in everything else, 48 × 48 grey like FER2013. They allow
 * examples and tests without images of real people. Raw pixels separate the classes poorly; a small network separates them well.
 */

import { type Key, random } from "../util/random.ts";
import { framesOf, SIZE } from "./synthetic-canvas.ts";
import { drawLook, type Expression } from "./synthetic-expression.ts";
import {
  drawBuild,
  paintBrows,
  paintEyes,
  paintGlasses,
  paintMouth,
  paintNose,
} from "./synthetic-features.ts";
import {
  drawHair,
  expose,
  light,
  paintBackground,
  paintBeard,
  paintHairline,
  paintHead,
  paintOcclusion,
} from "./synthetic-style.ts";

export interface SyntheticFace {
  /** Row by row, 0 is black. */
  readonly pixels: Uint8Array;
  readonly width: 48;
  readonly height: 48;
  readonly channels: 1;
}

/** Draws the face of this expression for `key`; the same key gives the same bytes. */
export function drawFace(expression: Expression, ...key: Key): SyntheticFace {
  const rng = random("synthetic face", expression, ...key);
  const aspect = rng.uniform(1.22, 1.38);
  const radius = rng.uniform(16.5, 19.5);
  const frames = framesOf({
    radius,
    aspect,
    centreX: SIZE / 2 + rng.uniform(-1.5, 1.5),
    centreY: SIZE / 2 + rng.uniform(-1.5, 1.5),
    yaw: 0.17 * rng.normal(),
    pitch: 0.1 * rng.normal(),
    roll: 0.09 * rng.normal(),
  });
  const hair = drawHair(rng);
  const build = drawBuild(hair.shade, rng);
  const look = drawLook(expression, rng);
  const angle = rng.uniform(0, 2 * Math.PI);

  const picture = new Float32Array(SIZE * SIZE);
  paintBackground(picture, rng);
  paintHead(picture, frames, build, hair, aspect, rng);
  paintEyes(picture, frames.skin, build, look);
  paintNose(picture, frames.skin, build, look, Math.cos(angle));
  paintBeard(picture, frames, build, hair);
  paintMouth(picture, frames.skin, build, look);
  paintBrows(picture, frames.skin, build, look);
  paintHairline(picture, frames, hair);
  if (rng.chance(0.15)) paintGlasses(picture, frames.skin, build, rng);
  light(picture, frames, aspect, angle, rng.uniform(0.1, 0.6));
  paintOcclusion(picture, frames, build, hair, rng);
  return { pixels: expose(picture, rng), width: SIZE, height: SIZE, channels: 1 };
}
