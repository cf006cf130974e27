/** Combines the calibrated probabilities of several networks, for teachers and for the members of an ensemble. */

import type { Value } from "../graph/types.ts";
import type { Architecture } from "../models/classifier.ts";
import { add } from "../ops/add.ts";
import { concat, slice } from "../ops/concat.ts";
import { mul } from "../ops/mul.ts";
import { softmax } from "../ops/softmax.ts";
import { GraphError, UsageError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import type { Answering } from "../weights/classifier-file.ts";
import { withOffset } from "./answering.ts";

export interface MixedNetwork extends Answering {
  readonly architecture: Architecture;
  readonly weights: StateDict;
  /** Its weight in the mean of the probabilities, relative to the other networks. */
  readonly weight: number;
}

export interface MixtureOptions {
  /** The classes of the result; a network may have more classes, and in another order. */
  readonly classes: readonly string[];
  /** An additional divisor of the calibrated logits. Default: 1. */
  readonly temperature?: number;
  /** The noun for a network in error messages. */
  readonly noun: string;
}

/**
 * Returns the weighted mean of the networks' probabilities, [N, classes]; `logitsOf` builds the logits of the network at an
 * index.
 *
 * @throws UsageError for a network that lacks one of the classes; GraphError for weights or a temperature out of range.
 */
export function mixtureOf(
  networks: readonly MixedNetwork[],
  logitsOf: (network: MixedNetwork, index: number) => Value,
  { classes, temperature = 1, noun }: MixtureOptions,
): Value {
  const total = networks.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0 && Number.isFinite(total)))
    throw new GraphError(`the weights of the ${noun}s add up to ${total}; it must be a number above 0`);
  if (!(temperature > 0))
    throw new GraphError(`the temperature is ${temperature}; it must be a number above 0`);
  return networks
    .map((network, k) => {
      const logits = withOffset(logitsOf(network, k), network.offset);
      const chosen = inOrder(logits, network.architecture.classes, classes, noun);
      return mul(softmax(mul(chosen, 1 / (network.temperature * temperature))), network.weight / total);
    })
    .reduce((a, b) => add(a, b));
}

/** Returns the columns of `logits` that belong to `classes`, in their order. */
function inOrder(logits: Value, from: readonly string[], classes: readonly string[], noun: string): Value {
  if (from.join("\n") === classes.join("\n")) return logits;
  return concat(
    classes.map((name) => {
      const column = from.indexOf(name);
      if (column >= 0) return slice(logits, 1, column, column + 1);
      throw new UsageError(
        `a ${noun} does not know the class "${name}", only ${from.join(", ")}; choose a ${noun} that knows all of ${classes.join(", ")}`,
      );
    }),
    1,
  );
}
