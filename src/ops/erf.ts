/** The error function, 2/√π · ∫₀ˣ e^(−t²) dt. ONNX opset 13. */

import { builder1, unary } from "./elementwise.ts";
import { exp } from "./exp.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";

export const Erf = unary({
  type: "Erf",
  f: (x = 0) => erf64(x),
  gradient: ([dy], { inputs: [x] }) => [mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))],
});

export const erf = builder1(Erf);

/**
 * Returns the error function of a number in double precision, by its power series 2/√π · e^(−x²) · Σ 2ᵏ·x^(2k+1) /
 * (2k+1)!!. All terms have the same sign, so no digits are lost.
 */
export function erf64(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
