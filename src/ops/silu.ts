/**
 * SiLU, also called swish: x·σ(x) (Elfwing et al. 2018). ONNX Runtime joins both nodes into one pass, which also runs in
 * the blocked layout of its convolutions. WebGPU has both.
 */

import { add } from "./add.ts";
import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { sigmoid } from "./sigmoid.ts";
import { sub } from "./sub.ts";

export const Silu = unary({
  type: "Silu",
  f: (x = 0) => x / (1 + Math.exp(-x)),
  // The derivative is σ + y·(1 − σ). ONNX Runtime computes equal nodes once: σ is that of the forward pass.
  gradient: ([dy], { inputs: [x], outputs: [y] }) => {
    const gated = mul(dy, sigmoid(x));
    return [add(gated, mul(y, sub(dy, gated)))];
  },
  expand: (x) => mul(x, sigmoid(x)),
});

export const silu = builder1(Silu);
