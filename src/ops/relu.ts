/** Rectified linear unit, max(x, 0); the gradient at 0 is 0, as in PyTorch. */

import type { Value } from "../graph/types.ts";
import { cast } from "./cast.ts";
import { builder1, unary } from "./elementwise.ts";
import { mul } from "./mul.ts";

export const Relu = unary({
  type: "Relu",
  f: (x = 0) => Math.max(x, 0),
  gradient: ([gradient], { outputs: [y] }) => {
    // The mask by two casts, which are vectorised where ONNX Runtime's Sign is not.
    const dy = gradient as Value;
    return [mul(dy, cast(cast(y as Value, "bool"), dy.dtype))];
  },
});

export const relu = builder1(Relu);
