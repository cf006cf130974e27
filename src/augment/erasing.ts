/** Random erasing (Zhong et al. 2020): sets a rectangle of the normalised image to zero. */

import type { Dim, Value } from "../graph/types.ts";
import { and } from "../ops/and.ts";
import { cast } from "../ops/cast.ts";
import { slice } from "../ops/concat.ts";
import { greater } from "../ops/greater.ts";
import { less } from "../ops/less.ts";
import { mul } from "../ops/mul.ts";
import { not } from "../ops/not.ts";
import { reshape } from "../ops/reshape.ts";
import type { Random } from "../util/random.ts";
import type { Augmentation } from "./settings.ts";

/** Left, top, right and bottom in pixels, right and bottom exclusive; all zero if nothing is erased. */
export type Box = readonly [number, number, number, number];

export const nothing: Box = [0, 0, 0, 0];

/** Draws a rectangle like torchvision's RandomErasing: up to ten tries until one fits. */
export function drawErasing(erasing: NonNullable<Augmentation["erasing"]>, rng: Random, size: number): Box {
  if (!rng.chance(erasing.probability)) return nothing;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = size * size * rng.uniform(...erasing.scale);
    const ratio = Math.exp(rng.uniform(Math.log(erasing.ratio[0]), Math.log(erasing.ratio[1])));
    const [height, width] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (height < size && width < size) {
      const [top, left] = [rng.integer(size - height + 1), rng.integer(size - width + 1)];
      return [left, top, left + width, top + height];
    }
  }
  return nothing;
}

/** Sets `boxes` [N, 4] of images [N, C, S, S] to zero. */
export function erase(x: Value, boxes: Value): Value {
  // Multiplies, because Where takes three times as long.
  return mul(x, cast(not(within(x, boxes)), "float32"));
}

/**
 * Returns 1 at the pixels of x [N, C, S, S] inside `boxes` [N or 1, 4], and 0 elsewhere: [N or 1, 1, S, S], float32.
 */
export function inside(x: Value, boxes: Value): Value {
  return cast(within(x, boxes), "float32");
}

function within(x: Value, boxes: Value): Value {
  const [batch, size] = [boxes.shape[0] as Dim, x.shape[3] as number];
  const centres = Float32Array.from({ length: size }, (_, i) => i + 0.5);
  const edge = (i: number): Value => reshape(slice(boxes, 1, i, i + 1), [batch, 1, 1, 1]);
  const across = x.graph.constant("float32", [1, 1, 1, size], centres);
  const down = x.graph.constant("float32", [1, 1, size, 1], centres);
  const inX = and(greater(across, edge(0)), less(across, edge(2)));
  const inY = and(greater(down, edge(1)), less(down, edge(3)));
  return and(inX, inY);
}
