/** Rectified linear unit, max(x, 0); the gradient at 0 is 0, as in PyTorch. */

import type { Value } from "../graph/types.ts";
import { cast } from "./cast.ts";
import { builder1, unary } from "./elementwise.ts";
import { greater } from "./greater.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";
import { mul } from "./mul.ts";

export const Relu = unary({
  type: "Relu",
  f: (x = 0) => Math.max(x, 0),
  gradient: ([dy], { outputs: [y] }) => {
    return [mul(dy, isPositive(y))];
  },
});

export const relu = builder1(Relu);

/** Returns 1 where `y`, which is never negative, is positive, otherwise 0. */
export function isPositive(y: Value): Value {
  // One pass instead of two. The slope maps everything above 1e-30 to 1, and nothing below 1e8 to infinity, which not
  // every GPU compares correctly; float16 cannot represent such a slope.
  if (y.dtype === "float32") return hardSigmoid(y, 2 ** 100, 0);
  return cast(greater(y, 0), y.dtype);
}
