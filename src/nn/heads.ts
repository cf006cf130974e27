/** Classifiers on top of a backbone's pooled features [N, C]; to add one, add an entry to the table below. */

import type { Value } from "../graph/types.ts";
import { relu } from "../ops/relu.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import type { Network } from "./network.ts";

export interface HeadOptions {
  readonly classes: number;
  readonly dropout: number;
}

/** One module of a head in PyTorch. */
export interface TorchModule {
  /** The layer's name in this library, if it has weights. */
  readonly layer?: string;
  /** The Python expression that creates it. */
  readonly python: string;
}

export interface Head {
  /** Builds the layers over features [N, C]: logits [N, classes]. The names of all layers begin with `head.`. */
  build(net: Network, features: Value, options: HeadOptions): Value;
  /** Returns the same layers for `features` channels as PyTorch modules, in the order of a `Sequential`. */
  torch(features: number, options: HeadOptions): readonly TorchModule[];
}

/** Width of the reference head's hidden layer. */
const HIDDEN = 512;

/** All heads by name; recipes, files and exports accept these. */
export const heads = {
  /** The reference head: BatchNorm, Dropout, Linear 512, ReLU, BatchNorm, Dropout, Linear. */
  reference: {
    build(net, features, { classes, dropout }) {
      const first = net.dropout(net.batchNorm(features, "head.bn1"), "head.dropout1", dropout);
      const hidden = relu(net.linear(first, "head.fc1", HIDDEN));
      return net.linear(
        net.dropout(net.batchNorm(hidden, "head.bn2"), "head.dropout2", dropout),
        "head.fc2",
        classes,
      );
    },
    torch: (features, { classes, dropout }) => [
      norm("head.bn1", features),
      drop(dropout),
      linear("head.fc1", features, HIDDEN),
      { python: "nn.ReLU()" },
      norm("head.bn2", HIDDEN),
      drop(dropout),
      linear("head.fc2", HIDDEN, classes),
    ],
  },
  /** One linear layer. */
  linear: {
    build: (net, features, { classes, dropout }) =>
      net.linear(net.dropout(features, "head.dropout", dropout), "head.fc", classes),
    // Without dropout, the layer takes the place of torchvision's own.
    torch: (features, { classes }) => [linear("head.fc", features, classes)],
  },
} as const satisfies Readonly<Record<string, Head>>;

export type HeadName = keyof typeof heads;
export const headNames = Object.keys(heads) as [HeadName, ...HeadName[]];

/** Returns the name if such a head exists; `file` is the file's name in the error. @throws UsageError for an unknown name. */
export function headNamed(name: string, file: string): HeadName {
  const found = headNames.find((known) => known === name);
  if (found) return found;
  throw new UsageError(
    `${file} has the head "${name}", which this version of vultus does not have.${didYouMean(name, headNames)} Valid: ${headNames.join(", ")}`,
  );
}

function linear(layer: string, from: number, to: number): TorchModule {
  return { layer, python: `nn.Linear(${from}, ${to})` };
}

function norm(layer: string, width: number): TorchModule {
  return { layer, python: `nn.BatchNorm1d(${width})` };
}

function drop(dropout: number): TorchModule {
  return { python: `nn.Dropout(${dropout})` };
}
