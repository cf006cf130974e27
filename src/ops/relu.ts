/** Rectified linear unit, max(x, 0); the gradient at 0 is 0, as in PyTorch. */

import type { Value } from "../graph/types.ts";
import { cast } from "./cast.ts";
import { builder1, unary } from "./elementwise.ts";
import { greater } from "./greater.ts";
import { mul } from "./mul.ts";

export const Relu = unary({
  type: "Relu",
  f: (x = 0) => Math.max(x, 0),
  gradient: ([gradient], { outputs: [y] }) => {
    // Greater and a cast are vectorised in ONNX Runtime; Sign, Where and a cast to bool are not.
    const dy = gradient as Value;
    return [mul(dy, cast(greater(y as Value, 0), dy.dtype))];
  },
});

export const relu = builder1(Relu);
