/**
 * Combines two training images into one: blended by mixup (Zhang et al. 2018), or cut together by CutMix (Yun et al.
 * 2019).
 */

import { apply } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { Gather } from "../ops/gather.ts";
import { mul } from "../ops/mul.ts";
import { reshape } from "../ops/reshape.ts";
import { sub } from "../ops/sub.ts";
import { type Key, type Random, random, shuffled } from "../util/random.ts";
import { type Box, inside, nothing } from "./erasing.ts";
import type { Augmentation } from "./settings.ts";

/** How the images of a batch, and their targets, are mixed. */
export interface Mixing {
  /** Index of each image's partner. */
  readonly partner: Int32Array;
  /** Each image's own weight in its target. */
  readonly weight: Float32Array;
  /** The rectangle taken from the partner, in pixels at the size it was drawn for; empty if the images are blended. */
  readonly box: Box;
}

/**
 * Draws the mixing of a batch at `size` pixels per side; undefined if both kinds are off. As in the papers, the whole
 * batch has one weight and one rectangle. If both kinds are on, each batch uses one of them with equal probability.
 */
export function drawMixing(
  { mixup, cutmix }: Pick<Augmentation, "mixup" | "cutmix">,
  batch: number,
  size: number,
  key: Key,
): Mixing | undefined {
  if (mixup === 0 && cutmix === 0) return undefined;
  const rng = random(...key);
  const cuts = cutmix > 0 && (mixup === 0 || random(...key, "cutmix").chance(0.5));
  const alpha = cuts ? cutmix : mixup;
  const weight = rng.beta(alpha, alpha);
  const order = Int32Array.from(
    shuffled(
      Array.from({ length: batch }, (_, i) => i),
      rng,
    ),
  );
  if (!cuts) return { partner: order, weight: new Float32Array(batch).fill(weight), box: nothing };
  const box = drawBox(weight, size, rng);
  const [left, top, right, bottom] = box;
  const own = 1 - ((right - left) * (bottom - top)) / size ** 2;
  return { partner: order, weight: new Float32Array(batch).fill(own), box };
}

/** torchvision's CutMix: a rectangle with 1 − `weight` of the area around a random point, clipped to the image. */
function drawBox(weight: number, size: number, rng: Random): Box {
  const half = Math.floor(0.5 * Math.sqrt(1 - weight) * size);
  const [x, y] = [rng.integer(size), rng.integer(size)];
  const clamped = (place: number): number => Math.min(Math.max(place, 0), size);
  return [clamped(x - half), clamped(y - half), clamped(x + half), clamped(y + half)];
}

/** x ← w·x + (1 − w)·x[partner] for x [N, C, S, S]. */
export function blend(x: Value, partner: Value, weight: Value): Value {
  const other = partners(x, partner);
  return add(other, mul(sub(x, other), reshape(weight, [x.shape[0] as number, 1, 1, 1])));
}

/** x ← x[partner] within `box` [1, 4], in pixels of x [N, C, S, S]. */
export function cutIn(x: Value, partner: Value, box: Value): Value {
  return add(x, mul(sub(partners(x, partner), x), inside(x, box)));
}

function partners(x: Value, partner: Value): Value {
  return apply(Gather, [x, partner], { axis: 0 });
}
