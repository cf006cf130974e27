/** Classifiers that go on top of a backbone's pooled features [N, C]. */

import type { Value } from "../graph/types.ts";
import { relu } from "../ops/relu.ts";
import type { Network } from "./network.ts";

export type HeadName = "reference" | "linear";

export interface HeadOptions {
  readonly classes: number;
  readonly dropout: number;
}

/** Every head by name: what it is, and its layers. */
export const heads: Readonly<
  Record<HeadName, (net: Network, features: Value, options: HeadOptions) => Value>
> = {
  /** The reference's: BatchNorm, Dropout, Linear 512, ReLU, BatchNorm, Dropout, Linear. */
  reference(net, features, { classes, dropout }) {
    const first = net.dropout(net.batchNorm(features, "head.bn1"), "head.dropout1", dropout);
    const hidden = relu(net.linear(first, "head.fc1", 512));
    return net.linear(
      net.dropout(net.batchNorm(hidden, "head.bn2"), "head.dropout2", dropout),
      "head.fc2",
      classes,
    );
  },
  /** One linear layer. */
  linear(net, features, { classes, dropout }) {
    return net.linear(net.dropout(features, "head.dropout", dropout), "head.fc", classes);
  },
};
