/** Eyes, brows, nose and mouth, painted on the skin of a head whose half width is 1; y points down. */

import type { Random } from "../util/random.ts";
import {
  band,
  both,
  ellipse,
  type Frame,
  flipped,
  mirrored,
  outline,
  paint,
  stroke,
} from "./synthetic-canvas.ts";
import type { Look } from "./synthetic-expression.ts";

/** The individual features of a face, independent of its expression. */
export interface Build {
  readonly skin: number;
  readonly lips: number;
  readonly brows: number;
  readonly iris: number;
  readonly eyeX: number;
  readonly eyeY: number;
  readonly eyeSize: number;
  readonly irisSize: number;
  readonly browGap: number;
  readonly browWidth: number;
  readonly noseLength: number;
  readonly noseWidth: number;
  readonly mouthY: number;
  readonly mouthSize: number;
  readonly lipWidth: number;
  /** Depth of wrinkles, 0 to 1. */
  readonly age: number;
  readonly gazeX: number;
  readonly gazeY: number;
}

export function drawBuild(hair: number, rng: Random): Build {
  const skin = rng.uniform(0.3, 0.85);
  return {
    skin,
    lips: skin * rng.uniform(0.55, 0.9),
    brows: Math.min(hair, skin * rng.uniform(0.35, 0.55)),
    iris: rng.uniform(0.08, 0.3),
    eyeX: rng.uniform(0.37, 0.45),
    eyeY: rng.uniform(-0.2, -0.05),
    eyeSize: rng.uniform(0.9, 1.15),
    irisSize: rng.uniform(0.095, 0.12),
    browGap: rng.uniform(0.28, 0.36),
    browWidth: rng.uniform(0.035, 0.07),
    noseLength: rng.uniform(0.38, 0.5),
    noseWidth: rng.uniform(0.13, 0.2),
    mouthY: rng.uniform(0.62, 0.74),
    mouthSize: rng.uniform(0.34, 0.42),
    lipWidth: rng.uniform(0.035, 0.08),
    age: rng.next(),
    gazeX: rng.uniform(-0.05, 0.05),
    gazeY: rng.uniform(-0.02, 0.03),
  };
}

export function paintEyes(picture: Float32Array, skin: Frame, build: Build, look: Look): void {
  const { eyeX, eyeY, eyeSize } = build;
  const half = 0.2 * eyeSize;
  // 1 in the middle of the eye, 0 at its corners; `out` is −1 at the inner corner and 1 at the outer one.
  const bulge = (x: number): number => Math.sqrt(Math.max(0, 1 - ((x - eyeX) / half) ** 2));
  const out = (x: number): number => (x - eyeX) / half;
  const upper = eyeSize * Math.max(0.025, 0.115 + 0.09 * look.eyeOpen);
  const lower = eyeSize * Math.max(0.01, 0.085 + 0.02 * look.eyeOpen - 0.07 * look.squint);
  const top = (x: number): number =>
    eyeY - bulge(x) * upper * (1 + 0.45 * look.lidSlant * out(x)) - 0.035 * look.lidSlant * out(x);
  const bottom = (x: number): number => eyeY + bulge(x) * lower - 0.035 * look.lidSlant * out(x);
  const [left, right] = [eyeX - half, eyeX + half];
  const opening = band(left, right, top, bottom);

  paint(picture, skin, mirrored(ellipse(eyeX, eyeY, 0.32, 0.24)), build.skin * 0.72, 0.5, 0.3);
  paint(picture, skin, mirrored(opening), 0.55 + 0.4 * build.skin);
  for (const side of [-1, 1]) {
    const iris = ellipse(
      side * eyeX + build.gazeX,
      eyeY - 0.02 + build.gazeY,
      build.irisSize,
      build.irisSize,
    );
    const eye = side === 1 ? opening : flipped(opening);
    paint(picture, skin, both(iris, eye), build.iris);
    const glint = ellipse(side * eyeX + build.gazeX - 0.04, eyeY - 0.06 + build.gazeY, 0.03, 0.03);
    paint(picture, skin, both(glint, eye), 1, 0.8);
  }
  // The lashes darken the upper lid's edge; the fold above it shows when the eye is not wide open.
  const lash = band(
    left - 0.02,
    right + 0.03,
    (x) => top(x) - 0.045,
    (x) => top(x) + 0.005,
  );
  paint(picture, skin, mirrored(lash), build.skin * 0.22, 0.95);
  const fold = band(
    left,
    right,
    (x) => top(x) - 0.11,
    (x) => top(x) - 0.085,
  );
  paint(picture, skin, mirrored(fold), build.skin * 0.6, 0.6);
  const bag = band(
    left,
    right,
    (x) => bottom(x) + 0.02,
    (x) => bottom(x) + 0.045,
  );
  paint(picture, skin, mirrored(bag), build.skin * 0.6, 0.25 + 0.5 * Math.max(look.squint, 0.6 * build.age));
}

export function paintBrows(picture: Float32Array, skin: Frame, build: Build, look: Look): void {
  const inner = build.eyeX - 0.23 - 0.06 * look.browPinch;
  const outer = build.eyeX + 0.27;
  const along = (x: number): number => (x - inner) / (outer - inner);
  const base = build.eyeY - build.browGap - 0.13 * look.browRaise;
  const middle = (x: number): number => {
    const t = along(x);
    return base + 0.17 * look.browSlant * (0.5 - t) - (0.05 + 0.13 * look.browArch) * 4 * t * (1 - t) + 0.06;
  };
  const width = (x: number): number => build.browWidth * (1.15 - 0.6 * along(x));
  const brow = band(
    inner,
    outer,
    (x) => middle(x) - width(x),
    (x) => middle(x) + width(x),
  );
  paint(picture, skin, mirrored(brow), build.brows, 0.92);

  const line = build.skin * 0.55;
  const furrow = Math.max(0, look.browPinch - 0.25) * (0.6 + 0.4 * build.age);
  const between = base + 0.04 + 0.07 * look.browSlant;
  paint(picture, skin, mirrored(stroke(0.06, between - 0.05, 0.05, between + 0.12, 0.015)), line, furrow);
  const raised = Math.max(0, look.browRaise - 0.3) * (0.4 + 0.6 * build.age);
  for (const height of [0.17, 0.29]) {
    const crease = (x: number): number => base - height - 0.12 * look.browArch + 0.15 * x * x;
    paint(
      picture,
      skin,
      band(-0.45, 0.45, crease, (x) => crease(x) + 0.035),
      line,
      0.8 * raised,
    );
  }
}

export function paintNose(picture: Float32Array, skin: Frame, build: Build, look: Look, lit: number): void {
  const tip = build.eyeY + build.noseLength;
  const wide = build.noseWidth;
  const shadow = -Math.sign(lit);
  paint(
    picture,
    skin,
    stroke(0.07 * shadow, build.eyeY, 0.13 * shadow, tip - 0.05, 0.05),
    build.skin * 0.7,
    0.5,
    0.12,
  );
  paint(picture, skin, stroke(0, build.eyeY, 0, tip - 0.05, 0.03), Math.min(1, build.skin * 1.25), 0.5, 0.12);
  paint(picture, skin, ellipse(0, tip + 0.05, wide, 0.05), build.skin * 0.68, 0.6, 0.1);
  paint(picture, skin, mirrored(ellipse(wide * 0.55, tip + 0.03, 0.055, 0.035)), build.skin * 0.25, 0.9);
  const mouthHalf = mouthHalfWidth(build, look);
  const folds = stroke(wide + 0.04, tip, mouthHalf + 0.1, build.mouthY - 0.05 - 0.1 * look.mouthCurve, 0.02);
  const depth = Math.min(1, look.folds * (0.6 + 0.4 * build.age));
  paint(picture, skin, mirrored(folds), build.skin * 0.6, 0.75 * depth, 0.08);
}

function mouthHalfWidth(build: Build, look: Look): number {
  return build.mouthSize * (1 + 0.4 * look.mouthWidth);
}

export function paintMouth(picture: Float32Array, skin: Frame, build: Build, look: Look): void {
  const half = mouthHalfWidth(build, look);
  const open = Math.max(0, look.mouthOpen);
  // 1 in the middle, 0 at the corners; with the power, the shape goes from a lens through an ellipse to a box.
  const power = 1.1 - look.mouthBox;
  const bulge = (x: number): number => Math.max(0, 1 - (x / half) ** 2) ** Math.max(0.12, power);
  const round = (x: number): number => Math.sqrt(Math.max(0, 1 - (x / half) ** 2));
  const line = (x: number): number =>
    build.mouthY + 0.04 * open + 0.2 * look.mouthCurve * (0.45 - (x / half) ** 2);
  // A smile opens downwards, a cry upwards.
  const share = 0.4 - 0.3 * Math.max(-0.6, Math.min(1, look.mouthCurve));
  const top = (x: number): number => line(x) - 0.5 * open * share * bulge(x);
  const bottom = (x: number): number => line(x) + 0.5 * open * (1 - share) * bulge(x);
  const inside = band(-half, half, top, bottom);

  const lip = build.lipWidth;
  const lips = band(
    -half - 0.03,
    half + 0.03,
    (x) => top(x) - lip * round(x),
    (x) => bottom(x) + 1.25 * lip * round(x),
  );
  paint(picture, skin, lips, build.lips, 0.85);
  const seam = band(
    -half,
    half,
    (x) => top(x) - 0.022,
    (x) => bottom(x) + 0.022,
  );
  paint(picture, skin, seam, build.skin * 0.2, 0.9);
  if (open > 0.05) {
    paint(picture, skin, both(inside, ellipse(0, line(0) + 0.5 * open, 0.6 * half, 0.22 * open)), 0.35, 0.7);
    const teeth = Math.min(0.11, 0.22 * open);
    const upper = band(-half, half, top, (x) => top(x) + teeth * look.upperTeeth);
    const lower = band(-half, half, (x) => bottom(x) - teeth * look.lowerTeeth, bottom);
    paint(picture, skin, both(inside, upper), 0.92, Math.min(1, 2 * look.upperTeeth));
    paint(picture, skin, both(inside, lower), 0.86, Math.min(1, 2 * look.lowerTeeth));
  }
  const under = bottom(0) + 1.25 * lip + 0.05;
  paint(picture, skin, ellipse(0, under, 0.5 * half, 0.04), build.skin * 0.7, 0.5, 0.1);
  // A smile lifts the cheeks into the light.
  const cheek = Math.max(0, look.mouthCurve) * look.folds;
  paint(
    picture,
    skin,
    mirrored(ellipse(0.52, 0.3, 0.2, 0.15)),
    Math.min(1, build.skin * 1.2),
    0.6 * cheek,
    0.25,
  );
}

/** Paints two rims and a bridge; dark lenses would hide the expression. */
export function paintGlasses(picture: Float32Array, skin: Frame, build: Build, rng: Random): void {
  const [rx, ry] = [rng.uniform(0.24, 0.31), rng.uniform(0.18, 0.26)];
  const shade = rng.chance(0.7) ? rng.uniform(0, 0.2) : rng.uniform(0.7, 0.9);
  const lens = ellipse(build.eyeX, build.eyeY + 0.02, rx, ry);
  paint(picture, skin, mirrored(lens), 0.9, rng.uniform(0, 0.18));
  paint(picture, skin, mirrored(outline(lens, rng.uniform(0.015, 0.035))), shade, 0.9);
  const inner = build.eyeX - rx;
  paint(picture, skin, stroke(-inner, build.eyeY, inner, build.eyeY, 0.025), shade, 0.9);
  paint(
    picture,
    skin,
    mirrored(stroke(build.eyeX + rx, build.eyeY, 1, build.eyeY - 0.05, 0.025)),
    shade,
    0.9,
  );
}
