/** New weights for tests of large networks, for which drawing tens of millions of random numbers would take most of the time. */

import type { ParameterSpec } from "../../src/nn/parameters.ts";
import { type Random, random } from "../../src/util/random.ts";
import { floatTensor, type StateDict } from "../../src/util/tensor.ts";

/** A prime, so that the sequence is shifted in each row, filter and channel. */
const PERIOD = 65_521;

/** Weights at the initialisers' scale, from a repeated sequence of random numbers. */
export function quickWeights(specs: readonly ParameterSpec[]): StateDict {
  const rng = random("quick weights");
  const drawn = (draw: () => number): (() => number) => {
    const numbers = Float64Array.from({ length: PERIOD }, draw);
    let next = 0;
    return () => numbers[next++ % PERIOD] as number;
  };
  const fraction = drawn(rng.next);
  const again: Random = {
    ...rng,
    normal: drawn(rng.normal),
    uniform: (low, high) => low + (high - low) * fraction(),
  };
  return new Map(
    specs.map(({ name, shape, initialise }) => [name, floatTensor(shape, initialise(shape, again))]),
  );
}
