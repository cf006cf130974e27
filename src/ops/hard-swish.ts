/**
 * x·relu6(x + 3)/6 (Howard et al. 2019). ONNX has had HardSwish since opset 14, but ONNX Runtime decomposes it into the
 * same two nodes. After a convolution in the blocked layout, both are fused into that convolution.
 */

import { uniform64 } from "../graph/tensor64.ts";
import { add } from "./add.ts";
import { builder1, unary } from "./elementwise.ts";
import { hardSigmoid } from "./hard-sigmoid.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";
import { thresholdedRelu } from "./thresholded-relu.ts";

export const HardSwish = unary({
  type: "HardSwish",
  f: (x = 0) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6,
  // The derivative is h + x/6 for x in (−3, 3], and h elsewhere. ONNX Runtime shares h with the forward pass.
  gradient: ([dy], { inputs: [x] }) => {
    const inside = sub(thresholdedRelu(x, -3), thresholdedRelu(x, 3));
    return [mul(dy, add(hardSigmoid(x), mul(inside, 1 / 6)))];
  },
  expand: (x) => mul(x, hardSigmoid(x)),
  cases: [
    { inputs: [uniform64([3, 5], -5, 5)], attributes: {} },
    { inputs: [uniform64([1, 3, 5, 7], -5, 5)], attributes: {} },
    { inputs: [uniform64([], -1, 1)], attributes: {} },
  ],
});

export const hardSwish = builder1(HardSwish);
