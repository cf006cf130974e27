/** Normalises pixels in [0, 1] to a backbone's input range. */

import type { Value } from "../graph/types.ts";
import { mul } from "../ops/mul.ts";
import { sub } from "../ops/sub.ts";
import { luma } from "./colour.ts";

/**
 * Computes (x − mean)/std per channel. An RGB network gets the channel of grey images three times; a grey network gets
 * the luma of coloured images.
 */
export function normalise(x: Value, mean: readonly number[], std: readonly number[]): Value {
  const source = mean.length === 1 ? luma(x) : x;
  const channel = (f: (i: number) => number): Value =>
    x.graph.constant(
      "float32",
      [1, mean.length, 1, 1],
      Float32Array.from(mean, (_, i) => f(i)),
    );
  // Broadcasting repeats a grey channel.
  const scaled = mul(
    source,
    channel((i) => 1 / (std[i] as number)),
  );
  return sub(
    scaled,
    channel((i) => (mean[i] as number) / (std[i] as number)),
  );
}
