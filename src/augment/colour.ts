/** Brightness, contrast, saturation, hue and greyscale, like torchvision's on floats from 0 to 1. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { clip } from "../ops/clip.ts";
import { concat, slice } from "../ops/concat.ts";
import { div } from "../ops/div.ts";
import { equal } from "../ops/equal.ts";
import { floor } from "../ops/floor.ts";
import { max } from "../ops/max.ts";
import { min } from "../ops/min.ts";
import { mul } from "../ops/mul.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { sub } from "../ops/sub.ts";
import { where } from "../ops/where.ts";
import type { Random } from "../util/random.ts";
import type { Augmentation } from "./settings.ts";

/** Colour factors of one image; `gray` is 1 for a greyscale image. */
export interface ColourDraw {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
  readonly gray: number;
}

export const colourNames = ["brightness", "contrast", "saturation", "hue", "gray"] as const;

/** ITU-R 601 luma, the weights that torchvision and Pillow use. */
const LUMA = [0.2989, 0.587, 0.114] as const;

export function drawColour(settings: Augmentation, rng: Random): ColourDraw {
  const factor = (range: number): number => rng.uniform(Math.max(0, 1 - range), 1 + range);
  return {
    brightness: factor(settings.brightness),
    contrast: factor(settings.contrast),
    saturation: factor(settings.saturation),
    hue: rng.uniform(-settings.hue, settings.hue),
    gray: rng.chance(settings.grayscale) ? 1 : 0,
  };
}

/** Returns the factors that have an effect: colour has none if all images are grey. */
export function activeColours(settings: Augmentation, channels: 1 | 3): readonly (keyof ColourDraw)[] {
  const on = {
    brightness: settings.brightness,
    contrast: settings.contrast,
    saturation: settings.saturation,
    hue: settings.hue,
    gray: settings.grayscale,
  };
  return colourNames.filter(
    (name) => on[name] > 0 && (channels === 3 || name === "brightness" || name === "contrast"),
  );
}

/**
 * Applies factors [N, 1, 1, 1] to images [N, C, S, S]. The order is fixed; torchvision's ColorJitter draws a new order
 * for every image, which makes little difference because the factors are near 1.
 */
export function colour(x: Value, factors: Partial<Readonly<Record<keyof ColourDraw, Value>>>): Value {
  let y = x;
  const { brightness, contrast, saturation, hue, gray } = factors;
  if (brightness) y = clip(mul(y, brightness), 0, 1);
  if (contrast) y = blend(y, reduceMean(luma(y), [1, 2, 3], true), contrast);
  if (saturation) y = blend(y, luma(y), saturation);
  if (hue) y = turnHue(y, hue);
  if (gray) y = add(y, mul(sub(luma(y), y), gray));
  return y;
}

/** factor·a + (1 − factor)·b, clipped to [0, 1]. */
function blend(a: Value, b: Value, factor: Value): Value {
  return clip(add(b, mul(sub(a, b), factor)), 0, 1);
}

/** Returns the grey image [N, 1, S, S]; an image with one channel is returned unchanged. */
export function luma(x: Value): Value {
  if (x.shape[1] === 1) return x;
  const weights = x.graph.constant("float32", [1, 3, 1, 1], Float32Array.from(LUMA));
  return reduceSum(mul(x, weights), [1], true);
}

/**
 * Rotates the hue by `turn` of the circle. With HSV's hue h (in sixths), value v and chroma c, channel n is v −
 * c·max(0, min(k, 4 − k, 1)) where k = (n + h) mod 6 for n = 5, 3, 1: the closed form of HSV to RGB.
 */
function turnHue(x: Value, turn: Value): Value {
  const [r, g, b] = [0, 1, 2].map((c) => slice(x, 1, c, c + 1)) as [Value, Value, Value];
  const value = max(max(r, g), b);
  const chroma = sub(value, min(min(r, g), b));
  const safe = where(equal(chroma, 0), 1, chroma);
  const sixth = where(
    equal(value, r),
    div(sub(g, b), safe),
    where(equal(value, g), add(div(sub(b, r), safe), 2), add(div(sub(r, g), safe), 4)),
  );
  const turned = add(sixth, mul(turn, 6));
  const channels = [5, 3, 1].map((n) => {
    const shifted = add(turned, n);
    const k = sub(shifted, mul(floor(mul(shifted, 1 / 6)), 6));
    return sub(value, mul(chroma, clip(min(k, sub(4, k)), 0, 1)));
  });
  return concat(channels, 1);
}
