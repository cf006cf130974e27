/** Mixup (Zhang et al. 2018): each picture is blended with another of its batch, and so are the targets. */

import { apply } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { Gather } from "../ops/gather.ts";
import { mul } from "../ops/mul.ts";
import { reshape } from "../ops/reshape.ts";
import { sub } from "../ops/sub.ts";
import { type Key, random, shuffled } from "../util/random.ts";

/** For each row, the row that it is mixed with and its own share. */
export interface Mixing {
  readonly partner: Int32Array;
  readonly weight: Float32Array;
}

/** One weight for the whole batch, as in the paper, and a random partner for each row. */
export function drawMixing(alpha: number, batch: number, key: Key): Mixing {
  const rng = random(...key);
  const weight = rng.beta(alpha, alpha);
  const order = shuffled(
    Array.from({ length: batch }, (_, i) => i),
    rng,
  );
  return { partner: Int32Array.from(order), weight: new Float32Array(batch).fill(weight) };
}

/** x ← w·x + (1 − w)·x[partner] for x [N, C, S, S]. */
export function mix(x: Value, partner: Value, weight: Value): Value {
  const other = apply(Gather, [x, partner], { axis: 0 });
  return add(other, mul(sub(x, other), reshape(weight, [x.shape[0] as number, 1, 1, 1])));
}
