/**
 * GELU, x·Φ(x) (Hendrycks and Gimpel 2016), and its tanh approximation. ONNX has had it only since opset 20. Both are written so
 * that ONNX Runtime recognises the pattern and runs it in one pass, also in the blocked layout of its convolutions.
 */

import { normal64, uniform64 } from "../graph/tensor64.ts";
import type { Value } from "../graph/types.ts";
import { add } from "./add.ts";
import { div } from "./div.ts";
import { builder1, unary } from "./elementwise.ts";
import { erf, erf64 } from "./erf.ts";
import { exp } from "./exp.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";
import { mul } from "./mul.ts";
import { sigmoid } from "./sigmoid.ts";
import { sub } from "./sub.ts";
import { tanh } from "./tanh.ts";

export const Gelu = unary({
  type: "Gelu",
  f: (x = 0) => (x * (1 + erf64(x * Math.SQRT1_2))) / 2,
  // Φ(x) + x·φ(x), in u = x/√2: Φ = (1 + erf u)/2 and x·φ(x) = u·e^(−u²)/√π. u is a product rather than a quotient:
  // sharing a node with the forward pass would keep ONNX Runtime from recognising the pattern there.
  gradient: ([dy], { inputs: [x] }) => {
    const u = mul(x, Math.SQRT1_2);
    // A HardSigmoid computes product and sum in one pass, since Φ is between 0 and 1.
    const below = hardSigmoid(erf(u), 0.5, 0.5);
    const density = exp(sub(-Math.log(Math.PI) / 2, mul(u, u)));
    return [mul(dy, add(below, mul(u, density)))];
  },
  expand: (x) => mul(mul(x, add(erf(div(x, Math.SQRT2)), 1)), 0.5),
  cases: [
    { inputs: [uniform64([1, 3, 5, 7], -5, 5)], attributes: {} },
    { inputs: [normal64([])], attributes: {} },
  ],
});

/** 2·√(2/π), and its factor in the cubic term. */
const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

export const GeluTanh = unary({
  type: "GeluTanh",
  f: (x = 0) => (x * (1 + Math.tanh((SLOPE / 2) * (x + CUBIC * x ** 3)))) / 2,
  // (1 + tanh(w/2))/2 is σ(w): the function is x·σ(w), with w = SLOPE·(x + CUBIC·x³), and its derivative σ + y·(1 − σ)·w′.
  gradient: ([dy], { inputs: [x], outputs: [y] }) => {
    const square = mul(x, x);
    const gate = sigmoid(mul(x, add(mul(square, SLOPE * CUBIC), SLOPE)));
    // Limited to 64, where 1 − σ is 0: float16 would overflow to infinity.
    const slope = mul(hardSigmoid(square, (3 * SLOPE * CUBIC) / 64, SLOPE / 64), 64);
    return [mul(dy, add(gate, mul(mul(y, sub(1, gate)), slope)))];
  },
  expand: (x) => {
    const inner = mul(mul(x, SLOPE / 2), add(mul(mul(x, CUBIC), x), 1));
    return mul(mul(x, 0.5), add(tanh(inner), 1));
  },
  // ONNX Runtime's kernel does not accept a scalar.
  cases: [
    { inputs: [normal64([3, 5])], attributes: {} },
    { inputs: [uniform64([1, 3, 5, 7], -5, 5)], attributes: {} },
  ],
});

const exact = builder1(Gelu);
const byTanh = builder1(GeluTanh);

/** PyTorch's `gelu`, with its name for the approximation. */
export function gelu(x: Value, approximate?: "tanh"): Value {
  return approximate ? byTanh(x) : exact(x);
}
