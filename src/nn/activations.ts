/** Activations by name. */

import type { Value } from "../graph/types.ts";
import { gelu } from "../ops/gelu.ts";
import { hardSigmoid } from "../ops/hard-sigmoid.ts";
import { hardSwish } from "../ops/hard-swish.ts";
import { relu } from "../ops/relu.ts";
import { relu6 } from "../ops/relu6.ts";
import { sigmoid } from "../ops/sigmoid.ts";
import { silu } from "../ops/silu.ts";

export const activations = {
  relu,
  relu6,
  silu,
  sigmoid,
  hardSwish,
  hardSigmoid: (x) => hardSigmoid(x),
  gelu: (x) => gelu(x),
} as const satisfies Readonly<Record<string, (x: Value) => Value>>;

export type Activation = keyof typeof activations;
