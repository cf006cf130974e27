/**
 * SiLU, also called swish: x·σ(x) (Elfwing et al. 2018). ONNX Runtime fuses both nodes into one pass, which also runs
 * in the blocked layout of its convolutions. WebGPU supports both.
 */

import { add } from "./add.ts";
import { builder1, unary } from "./elementwise.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";
import { mul } from "./mul.ts";
import { sigmoid } from "./sigmoid.ts";

export const Silu = unary({
  type: "Silu",
  f: (x = 0) => x / (1 + Math.exp(-x)),
  // The derivative is σ + y·(1 − σ). ONNX Runtime merges equal nodes, so σ is shared with the forward pass.
  gradient: ([dy], { inputs: [x], outputs: [y] }) => {
    const gate = sigmoid(x);
    // 1 − σ as a HardSigmoid, which is faster than subtracting from a number.
    const rest = hardSigmoid(gate, -1, 1);
    return [mul(dy, add(gate, mul(y, rest)))];
  },
  expand: (x) => mul(x, sigmoid(x)),
});

export const silu = builder1(Silu);
