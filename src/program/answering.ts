/** Converts logits to probabilities: the end of every program that predicts. */

import type { Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { mul } from "../ops/mul.ts";
import { softmax } from "../ops/softmax.ts";
import type { Answering } from "../weights/classifier-file.ts";

/**
 * Adds the offset to logits [N, C]. The result matches the prior of the probabilities: it is their logarithm up to temperature
 * and a constant.
 */
export function withOffset(logits: Value, offset: Answering["offset"]): Value {
  if (!offset) return logits;
  return add(logits, logits.graph.constant("float32", [offset.length], Float32Array.from(offset)));
}

/** Returns softmax((logits + offset)/temperature), and the logits with the offset; both [N, C]. */
export function answers(
  unshifted: Value,
  { temperature = 1, offset }: Partial<Answering>,
): { readonly probabilities: Value; readonly logits: Value } {
  const logits = withOffset(unshifted, offset);
  return { probabilities: softmax(temperature === 1 ? logits : mul(logits, 1 / temperature)), logits };
}
